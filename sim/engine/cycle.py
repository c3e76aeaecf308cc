"""One clearing cycle, in order:

 1. release    money moves that are due
 2. price      the index for this instant, with this venue's own impact
 3. intents    cohorts and agents that are awake decide; all orders interleaved by arrival time
 4. match      orders meet the book; fills move lots, money, fees
 5. mark       MarkRule(index, book)
 6. stops      triggered by the new mark, into the book
 7. funding    if due
 8. margin     find the distressed
 9. cancel     withdraw their orders; test again
10. liquidate  into the book
11. waterfall  what is left, layer by layer
12. unwind     ENGINE's inventory into the book; test again
13. repeat     5 and 8-12 while a round changes something: fills of liquidations can ruin their makers; at most
               `rounds_max` rounds, then the accounts that remain go to the backlog
14. check      touched rows every cycle, full sums at every tenth sample and at the end
15. record     counters always; series at samples; events as they happen
"""

from .clearing import clear, close_touched, is_calm
from .record import record
from .trading import (
    fire_stops,
    gather_intents,
    keep_on_grid,
    match_intents,
    pay_funding,
    publish_mark,
    release_due,
    update_index,
)
from .world import World


def run_cycle(world: World, step: int) -> None:
    """Advance the world to step number `step` of its clock."""
    _advance(world, step)
    release_due(world)
    update_index(world)
    keep_on_grid(world)
    gather_intents(world)
    match_intents(world)
    publish_mark(world, elapsed_ms=world.dt_ms)
    if not is_calm(world):
        fire_stops(world)
        pay_funding(world)
        clear(world)
        close_touched(world)
    record(world)


def _advance(world: World, step: int) -> None:
    now_ms = int(world.paths.times_ms[step])
    world.step = step
    world.cycle = step
    world.dt_ms, world.time_ms = now_ms - world.time_ms, now_ms
    world.log.header["time_ms"][0] = now_ms
    world.log.header["cycle"][0] = step
