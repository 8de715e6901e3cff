"""npm ``ical.js`` (Mozilla's, as Thunderbird reads calendars) as a judge of our iCalendar files.

It registers the file's own ``VTIMEZONE`` and nothing else, so that an instant is right only if that is.
"""

import json
import subprocess
from datetime import UTC, datetime
from typing import Any

from tests.peers.npm import NODE, installed

PACKAGE = ("ical.js", "2.2.1")
_READ = """
const {default: ICAL} = await import(process.argv[1]);
let text = "";
for await (const part of process.stdin) text += part;
const files = JSON.parse(text), told = [];
for (const one of files) {
  ICAL.TimezoneService.reset();
  const calendar = new ICAL.Component(ICAL.parse(one));
  for (const zone of calendar.getAllSubcomponents("vtimezone")) ICAL.TimezoneService.register(zone);
  const event = new ICAL.Event(calendar.getFirstSubcomponent("vevent"));
  told.push({
    method: calendar.getFirstPropertyValue("method"),
    uid: event.uid, summary: event.summary, description: event.description, location: event.location,
    sequence: event.sequence,
    start: event.startDate.toUnixTime(), end: event.endDate.toUnixTime(),
    zone: event.startDate.zone.tzid,
    organizer: event.organizer,
    attendees: event.attendees.map((one) => ({
      address: one.getFirstValue(), name: one.getParameter("cn"), role: one.getParameter("role"),
      rsvp: one.getParameter("rsvp"), said: one.getParameter("partstat"),
    })),
    alarms: event.component.getAllSubcomponents("valarm").map((one) => String(one.getFirstPropertyValue("trigger"))),
  });
}
console.log(JSON.stringify(told));
"""


def read(*files: bytes) -> list[Any]:
    """What a calendar program understands of each, with instants in UTC."""
    module = installed(*PACKAGE) / "dist" / "ical.js"
    given = json.dumps([one.decode() for one in files])
    command = [NODE, "--input-type=module", "-e", _READ, str(module)]
    done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    told: list[Any] = json.loads(done.stdout)
    for one in told:
        one["start"], one["end"] = (datetime.fromtimestamp(one[key], UTC) for key in ("start", "end"))
    return told
