"""What is nearly an expression is found with its right spelling; other languages are left in peace."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

import renderer

URL = "<< extension.t.url >>"
NEAR = {
    "<extension.t.url>": URL,
    "< extension.t.url >": URL,
    "< < extension.t.url > >": URL,
    "<<<extension.t.url>>>": URL,
    "<< extension.t.url >": URL,
    "<< extension.t.url": URL,
    "<<\n  extension.t.url\n>>": URL,
    "<<extension . t.url>>": URL,
    "<<.extension.t.url>>": URL,
    "<< extension/t/url >>": URL,
    "<< extension:t:url >>": URL,
    "<< extension-t.url >>": URL,
    "<< extension_t.url >>": URL,
    "<< Extension.t.url >>": URL,
    "<< EXTENSION.t.url >>": URL,
    "<< extensin.t.url >>": URL,
    "<< extention.t.url >>": URL,
    "<< extentions.t.ulr >>": URL,
    "<< ext.t.url >>": URL,
    "<< service.t.url >>": URL,
    "<< t.url >>": URL,
    "<< t.cfg.AWS_KEY >>": "<< extension.t.cfg.AWS_KEY >>",
    "<< extensoin.t.cfg >>": "<< extension.t.cfg.KEY >>",
    "<< Extension.t.url | host >>": "<< extension.t.url | host >>",
    '<< Extension.t.url | default("a") | upper >>': '<< extension.t.url | default("a") | upper >>',
    "<< 'extension'.t.url >>": URL,
    "&lt;&lt; extension.t.url &gt;&gt;": URL,
    "«extension.t.url»": URL,
    "[[ extension.t.url ]]": URL,
    "<% extension.t.url %>": URL,
    "<%= extension.t.url %>": URL,
    "{{ extension.t.url }}": URL,
    "{{extensions.t.cfg.KEY}}": "<< extension.t.cfg.KEY >>",
    "{{=extension.t.url}}": URL,
    "${{ extension.t.url }}": URL,
    "${extension.t.url}": URL,
    "$(extension.t.url)": URL,
    "$(extensions.t.product)": "<< extension.t.product >>",
}


@pytest.mark.parametrize(("written", "meant"), NEAR.items(), ids=NEAR)
def test_near_miss_is_found_in_any_text(written, meant):
    (found,) = renderer.near_misses(f"curl {written}\nexit", {"t"})

    assert (found.start, found.written, found.meant) == (5, written, meant)
    assert renderer.parse(meant).expressions, "what is advised must be an expression"


UNKNOWN = ["<extension.x.url>", "{{ extension.x.url }}", "$(extension.x.url)", "<< extensin.x.url >>"]


@pytest.mark.parametrize("written", UNKNOWN)
def test_whole_path_is_found_without_any_selector_of_that_name(written):
    (found,) = renderer.near_misses(written, ())

    assert found.meant == "<< extension.x.url >>"


OTHERS = [
    "<< extension.t.url >>",
    "<< extension.t.ulr >>",  # an expression, which is refused with the right spelling
    "\\<< extension.t.url >>",
    "cat <<EOF >>out\nextension.t.url\nEOF",
    "cat <<extension >> notes",
    "cat <<-extension\nt.url\nextension",
    "cat <<'t.url' >> x",
    "std::cout << extension.size() << std::endl;",
    "std::cout << extension.file.version << std::endl;",
    "std::cout << tracking.url << ' >> ';",
    "a = b << t.c >> d",
    "x << 2 >> y",
    "vector<extension.Foo.Bar>",
    "Map<String, extension.api.Url>",
    "<extension point='a.b.c'/>",
    "<a href='extension.html'>",
    "<<<<<<< HEAD\nextension.a.b\n=======\n>>>>>>> main",
    "{{ item.x }}",
    "{{ item.url }}",
    "{{ t.url }}",
    "{{inputs.parameters.extension}}",
    "{{workflow.parameters.extension.x.url}}",
    "{{ .Values.extension.t.url }}",
    "{{ .extension.x.url }}",
    "{{ $extension.x.url }}",
    "{{ extension }}",
    "{{ extension.name }}",
    "{{ extension.x }}",
    "{{ extension.manifest.title }}",
    "$(params.extension)",
    "$(params.extension.url)",
    "$(params.x)",
    "$(extension.sh a)",
    "${extension}",
    "${extension%.gz}",
    "${extension.id}",
    "${extension.manifest.version}",
    "${{ matrix.extension.t.url }}",
    "[[ extension.x = url ]]",
    "if [[ $a < $b ]]; then",
    "<< expansion.x.url >>",
    "<< inputs.x.url >>",
    "chrome-extension://t.url/",
]


@pytest.mark.parametrize("text", OTHERS)
def test_other_languages_are_left_in_peace(text):
    assert list(renderer.near_misses(text, {"tracking", "t"} if ".t." in text or " t." in text else {"tracking"})) == []


def test_braces_are_expressions_where_they_are_read():
    text = "{{ extension.t.url }}"

    assert list(renderer.near_misses(text, {"t"}, braces=True)) == []


@given(st.text(alphabet="<>{}[]$(). \nextnsiourlcfg-_|\"'t\\", max_size=200))
def test_what_is_found_is_there_and_what_is_advised_is_right(text):
    for found in renderer.near_misses(text, {"t"}):
        assert text[found.start :].startswith(found.written)
        assert renderer.parse(found.meant).expressions


@pytest.mark.parametrize(
    "piece",
    [
        "<",
        "< ",
        "<<",
        "{{",
        "$(",
        "&lt;",
        "<< extension",
        "<< extension.t",
        "<< extension.t.cfg.",
        "<< extension.t.url >>",
        "<< t.url >> ",
        "<< extension.t.url | upper ",
    ],
)
def test_time_is_linear_in_the_text(piece):
    def seconds(size):
        text = (piece * (size // len(piece) + 1))[:size] + "."
        started = time.process_time()
        list(renderer.near_misses(text, {"t"}))
        return time.process_time() - started

    seconds(1000)

    assert seconds(200_000) < 20 * max(seconds(20_000), 0.05)
