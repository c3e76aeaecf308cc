"""The style that all charts share: colours, fonts, sizes, axes.

Colours are Okabe and Ito's palette (2008), which colour-blind readers can distinguish; each means one thing everywhere.
"""

from typing import Any

from clearsim.results import FLOWS

BLACK, GREY, LIGHT = "#222222", "#7f7f7f", "#e3e3e3"
ORANGE, SKY, GREEN, YELLOW = "#E69F00", "#56B4E9", "#009E73", "#F0E442"
BLUE, VERMILLION, PURPLE, BROWN = "#0072B2", "#D55E00", "#CC79A7", "#8c564b"

LONG, SHORT = BLUE, ORANGE
BID, ASK = BLUE, ORANGE
GAIN, LOSS = GREEN, VERMILLION
BEFORE, AFTER = SKY, VERMILLION

#: The colours named in the table of flows.
PALETTE = {
    "grey": GREY, "silver": "#b0b0b0", "pale": "#dddddd", "brown": BROWN, "orange": ORANGE, "sky": SKY, "blue": BLUE,
    "yellow": YELLOW, "purple": PURPLE, "vermillion": VERMILLION,
}  # fmt: skip
#: Colours of groups of components.
GROUP_COLOURS = {flow.group: PALETTE[flow.colour] for flow in FLOWS}
ROLE_COLOURS = {
    "liquidated traders": VERMILLION,
    "deleveraged traders": PURPLE,
    "other losers": ORANGE,
    "winners": GREEN,
    "makers": BLUE,
    "named agents": SKY,
    "residual account": "#b0b0b0",
    "insurance fund": YELLOW,
    "engine": BROWN,
    "fees": GREY,
    "rounding": "#bbbbbb",
    "outside": "#bbbbbb",
}

WIDTH = 1000
MAX_HEIGHT = 640  # fits a printed page with its caption
FONT = "Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif"


#: The style of every axis.
AXIS_LOOK: dict[str, Any] = {
    "automargin": True,
    "showline": True,
    "linecolor": GREY,
    "gridcolor": LIGHT,
    "zerolinecolor": GREY,
    "title": {"font": {"size": 13}, "standoff": 10},
    "exponentformat": "none",
    "separatethousands": True,
}


#: The shared style of figures, apart from axes.
LOOK: dict[str, Any] = {
    "width": WIDTH,
    "font": {"family": FONT, "size": 13, "color": BLACK},
    "title": {
        "x": 0,
        "xref": "paper",
        "xanchor": "left",
        "y": 1,
        "yref": "container",
        "yanchor": "top",
        "pad": {"t": 26},
        "font": {"size": 18},
    },
    "hoverlabel": {"font": {"family": FONT}},
    "separators": ".,",
}
