"""EDGE: the command ``fuseml extension impact``: what a change of the registry means, before it is made."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click

from webhook.cli.extension.output import plan
from webhook.cli.extension.output.plan import Writer
from webhook.cli.extension.planned_change import Change, planned_change
from webhook.cli.files import STDIN, expanded
from webhook.cli.inputs import WHO_ASKS, read_subjects
from webhook.cli.installed import VIEWED
from webhook.cli.options import or_exit, warn, with_options
from webhook.cli.surroundings import Surroundings, surroundings_of
from webhook.cli.terminal import Progress
from webhook.preview.impact.judge import Judge, Place
from webhook.preview.impact.plan import Summary
from webhook.preview.subjects import Subject

_NOTHING_TO_LOOK_AT = "nothing to look at: give --cluster, or files with --in FILE"


@click.command()
@click.argument("extension_id", metavar="[ID]", required=False)
@click.option(
    "-f",
    "--filename",
    "files",
    multiple=True,
    metavar="FILE",
    type=click.Path(exists=True, allow_dash=True),
    help="Records as they are to be: changed ones and new ones. A folder has all such files below it; - is standard "
    "input. Repeatable.",
)
@click.option("--delete", "is_deleted", is_flag=True, help="Say what it means to delete the extension.")
@click.option(
    "--in",
    "inside",
    multiple=True,
    metavar="FILE",
    type=click.Path(exists=True, allow_dash=True),
    help="Look also at the runs and definitions in this file or folder; - is standard input. Repeatable.",
)
@with_options(WHO_ASKS)
@with_options(VIEWED)
@click.option("--unfinished", is_flag=True, help="Leave out runs that have ended.")
@click.option("--exit-code", is_flag=True, help="End with exit code 1 if something is refused because of the change.")
@click.option("-o", "--output", type=click.Choice(["text", "json", "yaml", "name"]), default="text", show_default=True)
def impact(
    *,
    extension_id: str | None,
    files: tuple[str, ...],
    is_deleted: bool,
    inside: tuple[str, ...],
    unfinished: bool,
    exit_code: bool,
    output: str,
    **options: Any,
) -> None:
    """List what gets the extension ID today, and what it would get after a change.

    The change is a file with records as they are to be, or --delete. Nothing is written. Runs, definitions and
    workloads are those of the cluster of --cluster, --registry-namespace or --kubeconfig, as far as you may read them,
    and those of --in. An extension of another namespace than the registry's is NAMESPACE/ID.
    """
    _check_usage(extension_id, files, is_deleted, inside, options)
    inputs = tuple(dict.fromkeys(file for path in inside for file in expanded(path)))
    around = surroundings_of(inputs, lists_objects=True, **options)
    with or_exit():
        if around.objects is not None and not options["namespace"]:
            around.registry.read_all()
        change = planned_change(around, extension_id, files, is_deleted, options["registry_namespace"] or "")
        writer = _writer(change, output)
        judge = change.judge(around, skips_ended=unfinished)
        is_wrong = _judge_all(judge, around, inputs, writer)
    writer.end(judge.summary)
    _say_unknown(judge.summary)
    if is_wrong or (exit_code and judge.summary.refused):
        sys.exit(1)


def _writer(change: Change, output: str) -> Writer:
    has_change = bool(change.records)
    if output == "text":
        return plan.Text(change.described(), has_change=has_change)
    if output == "name":
        return plan.Names(has_change=has_change)
    head = {
        "extensions": [str(key) for key in change.keys],
        "change": {
            "registered": [str(key) for key, record in change.records.items() if record is not None],
            "deleted": [str(key) for key, record in change.records.items() if record is None],
        },
    }
    return plan.Json(head) if output == "json" else plan.Yaml(head)


def _check_usage(
    extension_id: str | None, files: Sequence[str], is_deleted: bool, inside: Sequence[str], options: Mapping[str, Any]
) -> None:
    if not extension_id and not files:
        raise click.UsageError("give the ID of an extension, records with -f FILE, or both")
    if is_deleted and (files or not extension_id):
        raise click.UsageError("--delete needs an ID, and no -f")
    if not inside and not options["registry_namespace"] and not options["kubeconfig"]:
        raise click.UsageError(_NOTHING_TO_LOOK_AT)
    if STDIN in files and STDIN in inside:
        raise click.UsageError("only one of -f and --in can be standard input")


def _judge_all(judge: Judge, around: Surroundings, files: Sequence[str], writer: Writer) -> bool:
    """Judge all objects; True if some could not be read."""
    progress = Progress()
    is_wrong = False
    for subject, place in _subjects(around, files):
        if place is None:
            progress.say(f"error: {subject}")
            is_wrong = True
        elif isinstance(subject, Subject):
            if (found := judge.judge(subject, place)) is not None:
                writer.write(found)
            progress.count(1)
    progress.end()
    return is_wrong


def _subjects(around: Surroundings, files: Sequence[str]) -> Iterator[tuple[Subject | str, Place | None]]:
    """All objects with their places; and what cannot be read, without."""
    for read in read_subjects(files) if files else ():
        if isinstance(read, str):
            yield read, None
        else:
            subject, lines = read
            yield subject, Place(lines.own)
    for obj in around.objects.each() if around.objects is not None else ():
        namespace = obj["metadata"].get("namespace")
        # A namespace may be deleted while the others are read.
        if not namespace or around.registry.facts_of(namespace) is not None:
            yield Subject(obj), Place()


def _say_unknown(summary: Summary) -> None:
    if summary.unknown:
        more = f"; and {summary.unknown - 1} more" if summary.unknown > 1 else ""
        warn(f"there are pods that cannot be predicted: {summary.first_unknown}{more}")
