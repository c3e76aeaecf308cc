"""The events that a study's report may show, by the names used in the study file."""

from clearsim.results import EVENTS, STUDY_PATHS, Event

_MEASURED = {column.name for column in STUDY_PATHS}


#: Events that paths and runs of both engines show, by their name under `answer.event`.
EVENT_BY_ANSWER: dict[str, Event] = {
    event.answer: event for event in EVENTS if event.answer and (not event.column or event.column in _MEASURED)
}
#: The same by their name among `outcomes`.
EVENT_BY_NAME: dict[str, Event] = {event.name: event for event in EVENT_BY_ANSWER.values()}
