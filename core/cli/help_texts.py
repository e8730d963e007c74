"""The texts that --help shows, wrapped for a terminal of 80 columns."""

from __future__ import annotations

from typing import Final

from core.settings import DATA_DIR_VARIABLE

WINDOW_USAGE: Final = (
    "imagequeue [PATH...] [--recipe NAME|FILE.toml] [--paths-from FILE]\n"
    "                  [--data-dir DIR]\n"
    "       imagequeue COMMAND ..."
)

COMMANDS: Final = {
    "run": "run the queue here in the terminal, after adding what is given",
    "watch": "run the queue, and add what arrives in folders until stopped",
    "list": "list the jobs",
    "status": "say how many jobs are in each state, and who runs the queue",
    "retry": "queue failed or cancelled jobs again",
    "cancel": "give jobs up",
    "hold": "keep waiting jobs back",
    "release": "let held jobs go",
    "clear": "forget jobs that have ended",
    "report": "write a report of the jobs into a file",
    "export": "write the waiting jobs into a file, for another machine",
    "import": "take in the jobs that another machine has exported",
    "formats": "list the formats that are read and written",
    "worker": "work for the queues of other machines, through a broker",
    "completion": "print what completes these commands in a shell",
    "man": "print the manual page",
    "desktop": "put the app into the menus of the desktop, or take it out",
}
"""Each command, and what it does in a line."""

_LISTED: Final = "\n".join(f"  {name:<12}{about}" for name, about in COMMANDS.items())

WINDOW: Final = f"""\
Open the window of Image Queue, adding the images at the PATHs to its queue.
When the window is open already, the PATHs go to it, and nothing else starts.

commands (each has a --help of its own):
{_LISTED}

A PATH that is named like a command is written ./run, or stands after "--".
The queue is kept in one data folder: --data-dir, or else the variable
{DATA_DIR_VARIABLE}, or else the platform's own place. One process at a
time runs it."""

RUN: Final = """\
Run the queue until nothing is left to run. PATHs, files or folders, are added
first; without a PATH it goes on with what is queued. A paused queue is started.

A folder is walked to its last subfolder: files in it are taken by their suffix,
and what is no image there is counted. --ignore, --only and --min-size leave
more out, --hidden takes hidden files, too. An archive (zip, cbz, tar) that is
given is opened as a folder; those in folders are with --archives, never those
in archives. Every other file
that is given as a PATH itself becomes a job, and one that is no image fails as
such, so that each PATH is accounted for. A PATH that is not there is wrong
usage: all are looked at before any is added. A PATH may be a link (http or
https): its job downloads it first, and its outputs go to -o, or else to your
Pictures folder, which is said.

What was made before of the same source by the same recipe is skipped as up to
date, as long as neither the source nor the outputs have changed: by the size
and time of each, or with --by-content by what the source holds. Of a link its
server is asked. --force makes it again, in the place of those outputs.

With --replace-original the output takes the place of its original, which goes
to the trash once the new file is checked and synced. Another file of the new
name is never replaced. What cannot go to the trash stays, which is said.

What is made of the images: the recipe that is chosen in the window, which is
"Thumbnail and resize" at first, unless --recipe names another one, built in or
of your own. --thumbnail and --resize alone make just these outputs; with
--recipe they are added to its outputs, in the place of outputs of the same name
("thumbnail", "resized"). --format, --quality and --max-size apply to all
outputs; alone they convert each image in its full size. A job keeps the recipe
that it was added with: these options, and -o, --existing, --priority and
--max-retries, need a PATH."""

RUN_END: Final = """\
--dry-run looks at every image and writes nothing. The sizes that it tells are
estimated: some 24 images are made in memory, and the others are taken for as
many bytes a pixel. With --json it prints an object a line with source, would
(write, skip, fail), outputs (path, width, height, name, replaces, and bytes or
null), reason and error, and last a summary, in which margin is how many bytes
the sum may be off, sampled how many images were made, and numbered counts
images whose outputs could have the names of others.

In the command of --after-each stand {source}, {output} (the first one),
{outputs} (each as a word), {id} and {recipe}; in that of --after-all {done},
{failed}, {skipped} and {cancelled}, which are numbers. No shell reads it; to
have one, write it: sh -c 'cp "$1" /backup' sh {output}. It may take 60 seconds
(after_seconds in the settings). A failed one is a note on its job.

exit status: 0 all done; 1 some jobs failed or were cancelled, or something
could not be read; 2 wrong usage, or the queue is in use; 130 interrupted: the
jobs that ran are back in the queue, and `imagequeue run` goes on. Ctrl+C once
stops in order, twice at once; nothing is lost either way.

With --json each job that ends is one line with the fields id, source, state
(done, skipped, failed, cancelled), outputs (a list of path, bytes, width,
height, name), attempts, error (code, message; or null) and seconds; the last
line is {"summary": {"done", "skipped", "failed", "cancelled", "seconds"}}.
Sentences for people go to standard error."""

WATCH: Final = """\
Watch folders and run the queue until stopped by Ctrl+C. Each image in a folder
becomes a job once it has stopped growing: those that are there at the start and
were not taken before, and those that arrive. What the recipe makes is never
taken. A folder that goes away is waited for. The options are those of run."""

WATCH_END: Final = """\
exit status: 0 stopped by Ctrl+C or a signal; 2 wrong usage, or the queue is in
use."""

LIST: Final = """\
List the jobs, in the order in which they were added.

With --json: an array of objects with the fields id, source, state, priority,
recipe, attempts, max_retries, added and due (seconds since 1970, UTC), seconds,
source_bytes, output_bytes, outputs (a list of path, bytes, width, height,
name), reason (why it was skipped) and error (code, message; or null)."""

STATUS: Final = """\
Say how many jobs are in each state, and who runs the queue.

With --json: an object with the fields running, paused, owner (a process id or
null), counts (of each state), total and data_dir."""

FORMATS: Final = """\
List the formats that are read and written, and what of an image each gives and
keeps. One whose library is not installed is listed with the reason.

With --json: an array of objects with the fields name (as --format takes it),
title, suffixes, reads and writes (lists of animation, alpha, ICC, EXIF, 16 bit;
writes is null where it cannot be written) and unavailable (why, or null)."""

RETRY: Final = """\
Queue jobs again that have failed or were cancelled, with all their attempts
anew; a job that waits to be retried runs at once. They are run by the process
that has the queue open, or else by the next `imagequeue run`."""

RETRY_END: Final = """\
exit status: 0 all were queued; 1 some were in no state for it; 2 wrong usage,
such as an unknown ID."""

CANCEL: Final = """\
Give jobs up that have not ended; a running one is ended at once, and what it
had half made is removed. They can be retried."""

CANCEL_END: Final = """\
exit status: 0 all were cancelled; 1 some had ended already; 2 wrong usage, such
as an unknown ID."""

CLEAR: Final = """\
Forget jobs that have ended; their files stay. Without --state these are the
done, skipped and cancelled ones; failed jobs are forgotten only when they are
named, waiting and running ones never."""

REPORT: Final = """\
Write a report of all jobs into a file, CSV or JSON by its name, whoever runs
the queue: failures first, with their codes and sentences. Each output is looked
at again; "outputs_missing" lists those that are gone or of another size."""


HOLD: Final = """\
Keep jobs back that wait: they stay in the queue, and do not run until they are
released."""

HOLD_END: Final = """\
exit status: 0 all are held; 1 some were in no state for it; 2 wrong usage, such
as an unknown ID."""

RELEASE: Final = """\
Let held jobs go, at their old places. They are run by the process that has the
queue open, or else by the next `imagequeue run`."""

RELEASE_END: Final = """\
exit status: 0 all were released; 1 some were not held; 2 wrong usage, such as
an unknown ID."""

EXPORT: Final = """\
Write the jobs that wait (queued, retrying and held ones), or those of them that
are named, into a file for `imagequeue import` on another machine: with their
recipes, priorities, order, holds, and the attempts that they have left. Images
are not copied: the other machine has to reach them. What is on this machine
alone (pasted pictures, archives, images that become one file) is left out."""

EXPORT_END: Final = """\
The jobs also stay here and run, unless --then hold or --then remove keeps work
from being done twice; that happens only when the file is on the disk.

With --json: an object with the fields file, jobs, left_out, then, and changed
(how many jobs of the file are held here, or were removed).

exit status: 0 written; 2 no job waits, wrong usage, or the file cannot be
written."""

IMPORT: Final = """\
Take in the jobs that `imagequeue export` wrote, behind those of their priority
that are here. All of them come in or none. --map says where folders of the
other machine are on this one, for sources and for output folders:

  imagequeue import shoot.imagequeue --map 'D:\\Photos=/mnt/photos'

Paths of Windows are understood here, and those of other systems there. Of
several maps the one with the longest OLD counts."""

IMPORT_END: Final = """\
Jobs that wait here already with the same recipe are left out and counted.

With --json: an object with the fields imported, duplicates and left_out; with
--dry-run would_import, left_out and folders (where outputs go).

exit status: 0 imported; 2 nothing was, and a sentence says why."""

WORKER: Final = """\
Work for the queues of other machines, until it is told to end. Both sides are
given the address of the same broker, RabbitMQ or Redis:

  imagequeue worker --broker amqp://user:password@host:5672//
  imagequeue worker --broker redis://:password@host:6379/0

amqps and rediss are the same over TLS; ?ssl_ca_certs=FILE behind the address
names the authority of the broker's certificate.

Images come as bytes, up to 16 MB each, and what is made goes back the same way.
Larger ones travel by a folder that both machines reach: --share photos=/mnt/p
says where the folder that is called "photos" there is on this machine. Nothing
outside these folders is read or written."""

WORKER_END: Final = """\
A broker that is away is tried again until it is there. Ctrl+C or SIGTERM ends
in order: nothing more is taken, and what runs is finished, or given back after
--grace. A second one ends at once. The data folder is not used.

exit status: 0 ended in order; 2 wrong usage, or the extra imagequeue[cluster]
is not installed."""

COMPLETION: Final = """\
Print a script that lets a shell complete the commands and options."""

COMPLETION_END: Final = """\
`imagequeue desktop install` puts all three where shells look for them. By hand:

  bash  imagequeue completion bash \\
          > ~/.local/share/bash-completion/completions/imagequeue
  zsh   imagequeue completion zsh > a folder of $fpath, as _imagequeue
  fish  imagequeue completion fish > ~/.config/fish/completions/imagequeue.fish"""

MAN: Final = """\
Print the manual page: imagequeue man | man -l -"""

DESKTOP: Final = """\
Put Image Queue into the menus of the desktop, for this user alone: the start
menu, "Open with" for images, folders and archives, an action for each built-in
recipe, "Send to" in the file managers Files (Nautilus, under Scripts) and
Dolphin (under Actions), the manual page, and completion for bash, zsh and fish.
`remove` takes all of that out again; the queue and its settings stay."""

DESKTOP_END: Final = """\
A file of the same name that is not of Image Queue's making is left as it is,
and said.

exit status: 0 well; 1 some files were left; 2 they cannot be written."""
