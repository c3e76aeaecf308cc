"""The schema of a result folder: tables, columns, kinds, units; the flows of money and the events that results show.

Names only, no logic; `analysis/` knows only this of `sim/`.

Money is stored exactly: int64 quanta, with the size of a quantum in `manifest.json` (`quantum`). Prices are float64 in
quote units per base unit, sizes int64 lots with the lot size in the manifest. Times are int64 milliseconds since the
run's start. A folder holds `config.yaml`, `manifest.json`, `report.html`, and per table a directory of Parquet parts
(`runs/`, `series/`, `accounts/`, `events/<table>/`).
"""

from typing import NamedTuple

SCHEMA_VERSION = 3
#: A step ratio (runs.step_ratio_worst) below this one is warned of: the step may cause part of the shortfall.
MIN_STEP_RATIO = 3.0


class Column(NamedTuple):
    """One column: its name, its Arrow kind, its unit as printed on an axis, and its meaning."""

    name: str
    kind: str  # int64 | int32 | float64 | bool | string
    unit: str
    meaning: str


def _rows(text: str, cells: int) -> list[list[str]]:
    """Lines of `cells` cells separated by bars; the last cell may contain bars."""
    return [[cell.strip() for cell in line.split("|", cells - 1)] for line in text.strip().splitlines()]


def _columns(text: str) -> tuple[Column, ...]:
    return tuple(Column(*row) for row in _rows(text, 4))


class Flow(NamedTuple):
    """One flow of money: a component of the change in a row's equity, and its presentation.

    name: of the component; its column of `accounts` is `<name>_quanta`.  reasons: of its transfers, by name; none for
    `price`, the rest of the change in the value of positions.  moved_by: market, clearing (the clearing house) or owner
    (between an owner's accounts, or from outside).  group: label of the components shown together.  cause: label among
    the causes of the loss of liquidated accounts, empty if it is none.  payer: label of the payer who covers it, empty
    if there is none.  payer_rank: place among the payers.  colour: of the group, a key of the charts' palette.  paid:
    column of `runs` with what others paid through it for bankrupt accounts, part of the shortfall; empty if none. A
    column that no table names is added to `runs` and `series`, and counts the payments of clearing with its reasons.
    """

    name: str
    reasons: tuple[str, ...]
    moved_by: str
    group: str
    cause: str
    payer: str
    payer_rank: int
    colour: str
    paid: str


def _flows(text: str) -> tuple[Flow, ...]:
    return tuple(
        Flow(name, tuple(reasons.split()), moved_by, group, cause, payer, int(rank or 0), colour, paid)
        for name, reasons, moved_by, group, cause, payer, rank, colour, paid in _rows(text, 9)
    )


#: Flows of money in the order of a report. Components sum exactly to the change in a row's equity.
FLOWS = _flows("""
price                |                     | market   | price                  | price move, at mark       |                        |   | grey       |
trade_slippage       | TRADE               | market   | execution against mark | execution worse than mark |                        |   | sky        |
liquidation_slippage | LIQUIDATION         | market   | execution against mark | execution worse than mark |                        |   | sky        |
takeover             | TAKEOVER            | clearing | takeover by the engine |                           | backstop               | 4 | brown      |
unwind               | UNWIND              | market   | execution against mark | execution worse than mark |                        |   | sky        |
fee                  | FEE                 | market   | trading fees           | fees and penalties        |                        |   | silver     |
liquidation_fee      | LIQUIDATION_FEE     | clearing | liquidation penalty    | fees and penalties        |                        |   | orange     |
surplus              | SURPLUS             | clearing | liquidation penalty    | fees and penalties        |                        |   | orange     |
funding              | FUNDING             | market   | funding                | funding and rounding      |                        |   | blue       |
fund                 | FUND_DRAW FUND_GAIN | clearing | fund, net of ENGINE    |                           | fund, net of ENGINE    | 1 | yellow     | fund_draw_quanta
adl                  | ADL                 | clearing | ADL                    |                           | deleveraged (ADL), net | 2 | purple     | adl_harm_quanta
socialised_loss      | SOCIALISED_LOSS     | clearing | socialised loss        |                           | socialised loss        | 3 | vermillion | socialised_loss_quanta
rounding             | ROUNDING            | market   | deposits and rounding  | funding and rounding      |                        |   | pale       |
deposit              | DEPOSIT OPENING     | owner    | deposits and rounding  |                           |                        |   | pale       |
margin_move          | MARGIN_MOVE         | owner    | deposits and rounding  |                           |                        |   | pale       |
""")  # noqa: E501  (a table)

_RUNS = _columns("""
run_id                      | string  |        | content hash of config, seed, scenario, replication
name                        | string  |        | name of the config
config_hash                 | string  |        | SHA-256 of the canonical resolved config
seed                        | int64   |        | seed of the run
scenario                    | int64   |        | index of the point of uncertainties
replication                 | int64   |        | index of the replication
status                      | string  |        | done, or the reason why it ended
n_traders                   | int64   | traders | traders, each with one wallet and possibly isolated positions
n_cycles                    | int64   | cycles | clearing cycles run
duration_ms                 | int64   | ms     | simulated time
n_orders                    | int64   | orders | intents that reached the book
n_rejected                  | int64   | orders | intents refused
n_fills                     | int64   | fills  | trades
volume_quanta               | int64   | quanta | traded value, each trade once
index_low                   | float64 | quote  | lowest index price (first market)
mark_low                    | float64 | quote  | lowest mark price (first market)
dislocation_max             | float64 | fraction | largest |mark / index - 1| (first market)
liquidated_accounts         | int64   | accounts | margin rows liquidated at least once
liquidated_notional_quanta  | int64   | quanta | contracts closed by liquidation x mark then, each contract once
book_liquidated_quanta      | int64   | quanta | part of it closed in the book
taken_over_quanta           | int64   | quanta | part of it taken over by ENGINE
adl_notional_quanta         | int64   | quanta | contracts closed by ADL x mark then, one side
adl_accounts                | int64   | accounts | counterparties deleveraged at least once
adl_matches                 | int64   | matches | deleveraging closes
adl_fund_dry_quanta         | int64   | quanta | part of adl_notional: the fund was dry, or could not carry it
adl_cap_quanta              | int64   | quanta | part of adl_notional: the inventory cap was reached
adl_order_quanta            | int64   | quanta | part of adl_notional: no takeover comes before ADL
adl_trigger_quanta          | int64   | quanta | part of adl_notional: the same, but the account was above zero
adl_waited_quanta           | int64   | quanta | part of these four: a limit had held the account back
adl_harm_quanta             | int64   | quanta | sum of (mark - execution) x quantity closed by ADL: losses less gains
adl_forgone_1m_quanta       | int64   | quanta | profit forgone by the deleveraged, one minute after the close, net
adl_forgone_10m_quanta      | int64   | quanta | ten minutes after the close, net
adl_forgone_60m_quanta      | int64   | quanta | sixty minutes after the close, or at the end of the run, net
adl_forgone_close_quanta    | int64   | quanta | at the final mark, net
adl_harm_gained_quanta      | int64   | quanta | part of adl_harm_quanta: gains of closes better than the mark, >= 0
adl_forgone_1m_gained_quanta | int64  | quanta | the same for closes better than the mark one minute later
adl_forgone_10m_gained_quanta | int64 | quanta | ten minutes later
adl_forgone_60m_gained_quanta | int64 | quanta | sixty minutes later, or at the end of the run
adl_forgone_close_gained_quanta | int64 | quanta | than the final mark
margin_initial_quanta       | int64   | quanta | maintenance margin of all positions at the start
bankrupt_initial_accounts   | int64   | accounts | margin rows below zero at the start, at the initial mark
deficit_initial_quanta      | int64   | quanta | their equities together, positive: missing before the first price move
fund_initial_quanta         | int64   | quanta | all funds at the start
fund_final_quanta           | int64   | quanta | all funds at the end, cash
fund_min_quanta             | int64   | quanta | lowest cash of all funds together
fund_draw_quanta            | int64   | quanta | paid out of the funds
fund_gain_quanta            | int64   | quanta | paid into the funds
required_fund_quanta        | int64   | quanta | max over time of (F0 - equity of FUND + ENGINE)+
required_fund_is_bound      | bool    |        | the required fund is only a lower bound
required_fund_bound_by      | string  |        | none, fund, cap, or fund and cap
inventory_peak_quanta       | int64   | quanta | largest |ENGINE inventory| x mark
socialised_loss_quanta      | int64   | quanta | loss charged to winners
bad_debt_quanta             | int64   | quanta | negative equity that remains at the end
first_adl_ms                | int64   | ms     | time of the first ADL, -1 if none
first_fund_empty_ms         | int64   | ms     | time when a fund was first at zero after a draw, -1 if never
step_ratio_worst            | float64 |        | smallest r = -ln(1-m) / (sigma sqrt(dt))
step_ms_at_worst            | int64   | ms     | step at which that happened
rounds_max_reached          | int64   | cycles | cycles that hit the limit of clearing rounds
backlog_peak                | int64   | accounts | longest queue of liquidations waiting
residual_quanta             | int64   | quanta | sum of all quote balances: always 0
""")

_SERIES = _columns("""
time_ms                     | int64   | ms     | time since the start
cycle                       | int64   | cycles | clearing cycle
market                      | string  |        | market
index_price                 | float64 | quote  | outside reference
mark_price                  | float64 | quote  | price at which margin is measured
best_bid                    | float64 | quote  | best bid, NaN if none
best_ask                    | float64 | quote  | best ask, NaN if none
depth_bid_near_quanta       | int64   | quanta | resting bids within the near band (manifest: depth_bands_ppm)
depth_ask_near_quanta       | int64   | quanta | resting asks within the near band
depth_bid_mid_quanta        | int64   | quanta | resting bids within the middle band
depth_ask_mid_quanta        | int64   | quanta | resting asks within the middle band
depth_bid_far_quanta        | int64   | quanta | resting bids within the far band
depth_ask_far_quanta        | int64   | quanta | resting asks within the far band
open_interest_lots          | int64   | lots   | sum of positive positions
volatility                  | float64 | fraction per sqrt(s) | realised volatility of the index
funding_rate_ppm            | float64 | ppm    | last funding rate
fund_quanta                 | int64   | quanta | cash of the market's fund
fund_equity_quanta          | int64   | quanta | fund plus ENGINE at mark
inventory_lots              | int64   | lots   | ENGINE's position in the market
backlog                     | int64   | accounts | liquidations waiting
liquidated_accounts         | int64   | accounts | so far
liquidated_long_quanta      | int64   | quanta | long notional liquidated so far
liquidated_short_quanta     | int64   | quanta | short notional liquidated so far
fund_draw_quanta            | int64   | quanta | so far
fund_gain_quanta            | int64   | quanta | so far
adl_notional_quanta         | int64   | quanta | so far
socialised_loss_quanta      | int64   | quanta | so far
volume_quanta               | int64   | quanta | so far
taker_net_lots              | int64   | lots   | taker buys minus taker sells so far
""")


#: Flows whose payments have a column of their own in `runs` and `series`, because no text above names it.
COUNTED_FLOWS = tuple(flow for flow in FLOWS if flow.paid and flow.paid not in {column.name for column in _RUNS})


def _counted(meaning: str) -> tuple[Column, ...]:
    return tuple(Column(flow.paid, "int64", "quanta", f"{flow.payer}: {meaning}") for flow in COUNTED_FLOWS)


RUNS = _RUNS + _counted("payments")
SERIES = _SERIES + _counted("payments so far")
#: Columns of `runs` whose sum is the shortfall: what others paid for bankrupt accounts, and what nobody paid.
SHORTFALL = (*(flow.paid for flow in FLOWS if flow.paid), "bad_debt_quanta")

#: Components of the change in a row's equity, in the order of a report; they sum exactly to the change.
ATTRIBUTION = tuple(flow.name for flow in FLOWS)

ACCOUNTS = _columns(
    """
account                     | int32   |        | margin row
trader                      | int32   |        | wallet row of its owner
name                        | string  |        | owner: reserved account, agent, account of a file, else cohort#number
cohort                      | string  |        | cohort
mode                        | string  |        | cross, isolated or reserved
kind                        | string  |        | trader, named agent, maker, hedged, residual or reserved: its owner
role                        | string  |        | who-paid role of the row's owner at the end
market                      | string  |        | market of an isolated row, else empty
side                        | string  |        | long, short or flat at the start
equity_initial_quanta       | int64   | quanta | at the initial mark
equity_final_quanta         | int64   | quanta | at the final mark
notional_initial_quanta     | int64   | quanta | |position| x mark at the start
notional_final_quanta       | int64   | quanta | |position| x mark at the end
liquidation_price_initial   | float64 | quote  | mark that liquidates its one position of the start, else NaN
liquidated                  | bool    |        | was liquidated at least once
deleveraged                 | bool    |        | was deleveraged at least once
bankrupt                    | bool    |        | others paid its deficit
adl_harm_quanta             | int64   | quanta | (mark - execution) x quantity closed by ADL
"""
    + "\n".join(f"{name}_quanta | int64 | quanta | change in equity by {name}" for name in ATTRIBUTION)
)

#: What the owner of a row is, whatever happens to it. `hedged`: holds the opposite position outside (arbitrage, carry);
#: `residual`: balances longs and shorts of custom positions; `reserved`: an account of the clearing house.
KINDS = ("trader", "named agent", "maker", "hedged", "residual", "reserved")

#: Who-paid roles, in the order of the table: what happened to the owner, else what it is, else its result at the final
#: mark. Every row has exactly one; a trader's rows share their owner's.
ROLES = (
    "liquidated traders",
    "deleveraged traders",
    "other losers",
    "winners",
    "flat or unchanged",
    "makers",
    "hedged traders",
    "residual account",
    "insurance fund",
    "engine",
    "fees",
    "rounding",
    "outside",
)
#: Roles of reserved accounts: no trader has one.
RESERVED_ROLES = ROLES[-5:]

FUNDS = _columns("""
fund                        | string  |        | name of the fund's scope
initial_quanta              | int64   | quanta | cash at the start
final_quanta                | int64   | quanta | cash at the end
draw_quanta                 | int64   | quanta | paid out
gain_quanta                 | int64   | quanta | paid in
required_fund_quanta        | int64   | quanta | max over time of (F0 - equity of this FUND + ENGINE)+
required_fund_is_bound      | bool    |        | the required fund is at least that
required_fund_bound_by      | string  |        | none, fund, cap, or fund and cap
""")

#: Columns of `runs` whose value may be a lower bound, and how a row shows it: the flag that is true, or the sign (-1)
#: that stands for "not within the run".
BOUNDS = {
    "required_fund_quanta": "required_fund_is_bound",
    "first_adl_ms": "",
    "first_fund_empty_ms": "",
}


class Cause(NamedTuple):
    """Why ADL came: its name in `adl_matches`, the column of `runs` with its notional, and the reason as text."""

    name: str
    column: str
    sentence: str


#: In the order of the engine's codes. They sum to adl_notional.
ADL_CAUSES = tuple(
    Cause(*row)
    for row in _rows(
        """
fund_dry | adl_fund_dry_quanta | the fund was dry, or could not carry the position
cap      | adl_cap_quanta      | the engine had reached its inventory cap (inventory_cap_quote), though the fund could carry more
order    | adl_order_quanta    | no takeover comes before adl in the waterfall: ADL closes what the book leaves, whatever the fund has
trigger  | adl_trigger_quanta  | adl's trigger is distressed: it closed accounts above zero, before the fund was asked
""",  # noqa: E501  (a table)
        3,
    )
)
#: Part of ADL in addition to its cause.
ADL_WAITED = Cause(
    "waited",
    "adl_waited_quanta",
    "a limit (latency, cooldown, liquidations per second, rounds, ADL matches per cycle) had held the accounts back",
)

TRANSFERS = _columns("""
seq | int64 | | sequence number
time_ms | int64 | ms | time since the start
cycle | int64 | cycles | clearing cycle
cause_seq | int64 | | sequence number of the cause, -1 if none
reason | string | | reason of the transfer
payer | int32 | | account that pays the quote and receives the lots
payee | int32 | | account that receives the quote and delivers the lots
quote_quanta | int64 | quanta | money moved
lots | int64 | lots | contracts moved
market | string | | market, empty if only money moved
price | float64 | quote | price, NaN if only money moved
""")

FILLS = _columns("""
seq | int64 | | sequence number of the transfer
time_ms | int64 | ms | time since the start
cycle | int64 | cycles | clearing cycle
market | string | | market
price | float64 | quote | maker's price
lots | int64 | lots | size
maker | int32 | | resting account
taker | int32 | | incoming account
maker_order | int64 | | order id
taker_order | int64 | | order id
taker_side | string | | buy or sell
reason | string | | TRADE, LIQUIDATION or UNWIND
""")

#: An order id is serial number << SERIAL_SHIFT | place in the book; fills name orders by the serial number.
SERIAL_SHIFT = 24
ORDERS = _columns("""
time_ms | int64 | ms | time since the start
cycle | int64 | cycles | clearing cycle
account | int32 | | margin row
market | string | | market
side | string | | buy or sell
kind | string | | LIMIT, MARKET, CANCEL, CANCEL_ALL, AMEND
tif | string | | GTC, IOC, FOK, POST_ONLY
price | float64 | quote | limit, NaN for a market order
lots | int64 | lots | size
flags | int64 | | bits of OrderFlag
order | int64 | | order id
status | string | | DONE, or the reason for refusal
filled | int64 | lots | filled at once
""")

LIQUIDATIONS = _columns("""
seq | int64 | | sequence number
time_ms | int64 | ms | time since the start
cycle | int64 | cycles | clearing cycle
account | int32 | | margin row
market | string | | market
lots | int64 | lots | position before, + is long
mark_price | float64 | quote | mark then
bankruptcy_price | float64 | quote | price where equity is 0
equity_before_quanta | int64 | quanta | equity at mark before
maintenance_quanta | int64 | quanta | requirement then
lots_book | int64 | lots | closed in the book (absolute)
lots_taken_over | int64 | lots | taken over by ENGINE (absolute)
lots_adl | int64 | lots | closed against counterparties (absolute)
fee_quanta | int64 | quanta | liquidation fee
surplus_quanta | int64 | quanta | kept by the rule book
deficit_quanta | int64 | quanta | amount paid by others to bring its equity to zero
""")

ADL_MATCHES = _columns("""
seq | int64 | | sequence number of the transfer
time_ms | int64 | ms | time since the start
cycle | int64 | cycles | clearing cycle
cause_seq | int64 | | liquidation or inventory that caused it
market | string | | market
bankrupt | int32 | | account closed out (a trader or ENGINE); ROUNDING for the pot, whose transfers name those closed
counterparty | int32 | | account deleveraged
rank | int64 | | position in the queue, 1 is first
score | float64 | | ranking score
lots | int64 | lots | closed (absolute)
price | float64 | quote | execution price
mark_price | float64 | quote | mark then
harm_quanta | int64 | quanta | (mark - execution) x closed quantity of the counterparty
partial | bool | | the counterparty kept part of its position
why | string | | why ADL closed it: fund_dry, cap, order or trigger
waited | bool | | a limit had held the closed account back before
""")

FUND_MOVES = _columns("""
seq | int64 | | sequence number of the transfer
time_ms | int64 | ms | time since the start
cycle | int64 | cycles | clearing cycle
cause_seq | int64 | | sequence number of the cause
fund | string | | scope
reason | string | | FUND_DRAW, FUND_GAIN, SURPLUS, DEPOSIT
amount_quanta | int64 | quanta | + into the fund
balance_quanta | int64 | quanta | cash after
""")

#: Fixed columns of `points` of a study, followed by one column per uncertainty (`u.<name>`) and lever (`l.<name>`).
STUDY_POINTS = _columns("""
point | int64 | | index of the point: a combination of uncertainties and levers
scenario | int64 | | index of the randomness: arms of a study, and Saltelli rows of one block, share it
arm | int64 | | index of the combination of levers
config_hash | string | | SHA-256 of the base config and of what the point sets in it
""")

#: One row per run of a study: the columns of `runs`, its place in the study, and its status (done, failed, crashed).
STUDY_RUNS = RUNS + _columns("""
point | int64 | | index of the point
arm | int64 | | index of the combination of levers
fidelity | string | | full or reduced
error | string | | last line, then the traceback, of a run that failed; empty if done
seconds | float64 | s | duration of the run; not part of the result hash
made_by | string | | what made the row: key of `environments` in the manifest, processor; not in the result hash
""")

#: One row per path of a reduced run.
STUDY_PATHS = _columns("""
run_id | string | | run of the path
path | int64 | | index of the path in its run
log_weight | float64 | | log likelihood ratio of the path, 0 if sampled crudely
required_fund_quanta | int64 | quanta | max over time of (F0 - fund)+, with a fund that never runs dry
liquidated_notional_quanta | int64 | quanta | contracts closed by liquidation x price then
shortfall_quanta | int64 | quanta | amount that others paid for bankrupt accounts
adl_notional_quanta | int64 | quanta | contracts closed by ADL x price then, one side
first_adl_ms | int64 | ms | time of the first ADL, -1 if none
first_fund_empty_ms | int64 | ms | time when the fund was first at zero after a draw, -1 if never
n_jumps | int64 | jumps | jumps of the path
largest_jump | float64 | fraction | largest jump by size, log return with its sign
index_low | float64 | quote | lowest index price
control | float64 | quanta | shortfall of the jumps alone, whose mean is known
""")

STUDY_TABLES: dict[str, tuple[Column, ...]] = {"points": STUDY_POINTS, "runs": STUDY_RUNS, "paths": STUDY_PATHS}


class Event(NamedTuple):
    """An event that may happen in a run, or in a path of a reduced run.

    name: among a study's `outcomes`, in stopping rules and exports.  answer: its name as `answer.event` and in targets;
    empty if no fund is sized for it.  column: of `runs` (and `paths`) that shows it, from `threshold` on; empty if
    no single column does.  noun, sentence: its names in texts.  meaning: the sentence in a definition.
    """

    name: str
    answer: str
    column: str
    threshold: int
    noun: str
    sentence: str
    meaning: str


def _events(text: str) -> tuple[Event, ...]:
    return tuple(
        Event(name, answer, column, int(threshold or 0), noun, sentence, meaning or sentence)
        for name, answer, column, threshold, noun, sentence, meaning in _rows(text, 7)
    )


#: `exhausted`: the required fund is above the fund at the start, so it needs two columns.
EVENTS = _events("""
adl             | first_adl   | first_adl_ms           | 0 | ADL             | ADL begins                        |
fund_empty      | cash_zero   | first_fund_empty_ms    | 0 | an empty fund   | the fund's cash is gone           |
exhausted       | equity_zero |                        |   | exhaustion      | the fund is exhausted             | the fund's cash and inventory together have no value left
bad_debt        | bad_debt    | bad_debt_quanta        | 1 | bad debt        | a debt remains unpaid             |
socialised_loss |             | socialised_loss_quanta | 1 | socialised loss | winners pay part of the loss      |
liquidation     |             | liquidated_accounts    | 1 | liquidation     | an account is liquidated          |
""")  # noqa: E501  (a table)

EVENT_TABLES: dict[str, tuple[Column, ...]] = {
    "transfers": TRANSFERS,
    "fills": FILLS,
    "orders": ORDERS,
    "liquidations": LIQUIDATIONS,
    "adl_matches": ADL_MATCHES,
    "fund_moves": FUND_MOVES,
}
TABLES: dict[str, tuple[Column, ...]] = {
    "runs": RUNS,
    "funds": FUNDS,
    "series": SERIES,
    "accounts": ACCOUNTS,
    **EVENT_TABLES,
}

#: Levels of detail of a run, each with the tables that it adds to those of the levels before it.
ADDED_TABLES = {
    "summary": ("runs", "funds", "accounts"),
    "series": ("series",),
    "events": ("transfers", "fills", "liquidations", "adl_matches", "fund_moves"),
    "orders": ("orders",),
}
DETAILS = tuple(ADDED_TABLES)


def detail_of(table: str) -> str:
    """The lowest level of detail that keeps a table of a run."""
    return next(detail for detail, added in ADDED_TABLES.items() if table in added)


def is_kept(table: str, *, detail: str) -> bool:
    """True if a run of this detail keeps the table."""
    return DETAILS.index(detail_of(table)) <= DETAILS.index(detail)
