"""EDGE: ``fuseml extension edit``: a record in an editor."""

from collections.abc import Mapping
from typing import Any, Final

import click

from registry.errors import ChangedError, InvalidRecordsError, NotEditableError, Problem, RegistryError
from registry.records import texts
from registry.records.editing import hide
from registry.stores.store import Stored
from webhook.cli.extension.changes import put_whole
from webhook.cli.extension.editor import MARK, Draft
from webhook.cli.extension.given.options import extension_id, quoted
from webhook.cli.extension.opening import writes
from webhook.cli.extension.output.plain import one
from webhook.cli.extension.records import Records

_HEAD: Final = f"""\
{MARK}Save and leave the editor to change the extension; leave it without a change to cancel.
{MARK}A value that reads <hidden> stays as it is. These lines are no part of the record.
"""


@click.command()
@extension_id
@writes
def edit(*, records: Records, extension_id: str) -> None:
    """Change a record in your editor: that of VISUAL, or EDITOR, or vi.

    If something is wrong, the editor opens again and shows what, above the line. If you leave it so, nothing is
    changed, and your text is kept in a file.
    """
    before = records.store.get(extension_id)
    shown = one(hide(before.record), "yaml")
    draft = Draft(f"{extension_id}.yaml", _HEAD + shown)
    text = draft.edited()
    problems: list[Problem] = []
    while text != shown:
        try:
            _put(records, before, text)
        except InvalidRecordsError as e:
            problems = list(e.problems)
        except NotEditableError as e:
            problems = [e.problem]
        except ChangedError as e:
            raise ChangedError(f"{e}; {draft.kept()}") from e
        except RegistryError as e:
            problems = [Problem(str(e))]
        else:
            draft.discard()
            records.done(f"Extension {quoted(extension_id)} successfully updated")
            return
        shown = text
        draft.show(text, problems)
        text = draft.edited()
    if problems:
        raise InvalidRecordsError([*problems, Problem(f"nothing has been changed; {draft.kept()}")])
    draft.discard()
    click.echo("Edit cancelled, no changes made.")


def _put(records: Records, before: Stored, text: str) -> None:
    """Make the record what *text* says.

    Raises:
        InvalidRecordsError: With every problem, each with its line in *text*.
        RegistryError: As ``RecordStore.put``.
    """
    documents = [*texts.documents(text)]
    if len(documents) != 1:
        raise InvalidRecordsError([Problem("expected one record; to delete it: fuseml extension delete")])
    document = documents[0]
    if wrong := [*document.problems, *document.repeated]:
        raise InvalidRecordsError(wrong)
    body: Any = document.content
    if not isinstance(body, Mapping) or texts.is_object(body):
        raise InvalidRecordsError([Problem("expected one record, as it was shown", line=1)])
    try:
        put_whole(records, before, body)
    except InvalidRecordsError as e:
        raise InvalidRecordsError(texts.placed(e.problems, (), document, text)) from None
