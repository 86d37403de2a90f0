"""Text that is no expression comes out byte for byte, alone and beside a real expression."""

import pytest

import renderer

LITERALS = [
    # Shells
    pytest.param("cat <<EOF >>out\nhello\nEOF\n", id="heredoc-with-append"),
    pytest.param("cat <<-'EOF' >>log\n\thello\n\tEOF", id="indented-heredoc"),
    pytest.param("cat <<extension >> notes\nhello\nextension\n", id="heredoc-named-extension"),
    pytest.param("cat <<extensions>>notes", id="heredoc-named-extensions"),
    pytest.param("cat << 'extension.x' >> notes", id="quoted-heredoc"),
    pytest.param("cat <<<extension.store.url >>out", id="here-string"),
    pytest.param("cat <<< extension.store.url >>out", id="here-string-with-space"),
    pytest.param("cat <<<<extension.store.url >>out", id="four-angles"),
    pytest.param("cat <<extension_dir.tmp >>out", id="longer-word"),
    pytest.param("cat <<extensionX.tmp >>out", id="longer-word-without-a-break"),
    pytest.param("cat <<my-extension.tmp >>out", id="word-that-ends-so"),
    pytest.param("cat <<Extension.store.url >>out", id="capital"),
    pytest.param("echo $((1<<4)) $(( x >> 2 )) > a >> b 2>>c <d", id="shifts-and-redirections"),
    pytest.param('echo "$(params.x)" $(tasks.a.results.b) $$(HOME) ${HOME}', id="kubernetes-and-tekton"),
    # Programs
    pytest.param("x = a << 2 >> 1; y <<= 3; z >>= extension.shift", id="shifts"),
    pytest.param("n = 1 << extension_bits >> 2", id="shift-by-a-variable"),
    pytest.param("n = 1 << extension >> 2", id="shift-by-extension"),
    pytest.param("n = 1 << extension() >> 2", id="shift-by-a-call"),
    pytest.param("std::cout << extension.name << std::endl; std::cin >> n;", id="streams"),
    pytest.param("std::cout << extension.name << extension.version << std::endl;", id="streams-of-extensions"),
    pytest.param("std::cout << extension.name;\nstd::cin >> n;", id="streams-on-two-lines"),
    pytest.param("std::cout << extension[0] << '>' << \">>\";", id="streams-with-quotes"),
    pytest.param("std::map<int, std::vector<std::pair<A, B>>> m;", id="nested-templates"),
    pytest.param("<<<<<<< HEAD\na\n=======\nb\n>>>>>>> extension.branch\n", id="merge-markers"),
    pytest.param("<<<<<<< extension.branch >>\n>>>>>>> other", id="merge-marker-named-so"),
    pytest.param("<html><<b>>extension.x</b> <extension.store.url> </html>", id="markup"),
    # Templates of others
    pytest.param("{{ extension.store.url }} {{extensions['x'].cfg.y}}", id="braces"),
    pytest.param("{% for x in y %}{{ x }}{% endfor %}{# comment #}{{- x -}}", id="jinja"),
    pytest.param("{{ .Values.extension.url | quote }} {{- include `a` . | nindent 4 }}", id="helm"),
    pytest.param("{{ range $i, $e := .Items }}{{ end }} {{workflow.name}} {{=expr}}", id="go-and-argo"),
    # Expressions that look like ours
    pytest.param("<< extension >>", id="nothing-of-it"),
    pytest.param("<< extension|tojson >>", id="all-of-it"),
    pytest.param("<< extension .store.url >>", id="space-before-the-dot"),
    pytest.param("<<- extension.store.url ->>", id="whitespace-control"),
    pytest.param("<< (extension.store.url) >>", id="brackets-around"),
    pytest.param("<< not extension.store.url >>", id="operator-before"),
    pytest.param("<< 'y' if extension.store.cfg.KEY[0]=='S' else 'n' >>", id="condition"),
    pytest.param("<< 'a' * 999999999 >>", id="multiplication"),
    pytest.param("<< '%s' % extension >>", id="formatting"),
    pytest.param("<< 3**(2**24) % 7 >>", id="power"),
    pytest.param("<< range(999999999) >> << lipsum(n=99999) >> << dict() >>", id="globals"),
    pytest.param("<< self.__init__.__globals__ >> << cycler.__init__ >>", id="internals"),
    pytest.param("<% extension.store.url %> <# extension.x #>", id="other-delimiters"),
    pytest.param("<< extension.store.url", id="unclosed"),
    pytest.param("<< extension.store.url >", id="one-closing-angle"),
    pytest.param("<< extension.store.url > >", id="closing-angles-apart"),
    pytest.param("<< extension.store.url >>>", id="three-closing-angles"),
    pytest.param("<< extension.store.url >>>> ", id="four-closing-angles"),
    pytest.param("< < extension.store.url >>", id="opening-angles-apart"),
    pytest.param("< extension.store.url >>", id="one-opening-angle"),
    pytest.param("extension.store.url", id="no-angles"),
    pytest.param("<< extension.store.url <<< x >>", id="here-string-within"),
    pytest.param("<< extension.store.url << x >>", id="shift-within"),
    pytest.param("<<\nextension.store.url >>", id="line-end-after-the-opener"),
    pytest.param("<< extension.store.url\n>>", id="line-feed-before-the-closer"),
    pytest.param("<< extension.store.url\r>>", id="carriage-return-before-the-closer"),
    pytest.param("<< extension.store.cfg['a\n'] >>", id="line-feed-in-a-string"),
    pytest.param("<< extension.store.url |" + " " * 487 + ">>", id="513-bytes"),
    pytest.param("<< extension['" + "é" * 245 + "'].url >>x", id="513-bytes-of-two-byte-letters"),
    pytest.param("<<" + " " * 600 + "extension.store.url >>", id="600-spaces"),
    # Look-alikes
    pytest.param("＜＜ extension.store.url ＞＞", id="full-width-angles"),  # noqa: RUF001
    pytest.param("« extension.store.url »", id="guillemets"),
    pytest.param("≪ extension.store.url ≫", id="much-less-than"),
    pytest.param("<< еxtension.store.url >>", id="cyrillic-letter"),  # noqa: RUF001
    pytest.param("<< ｅｘｔｅｎｓｉｏｎ.store.url >>", id="full-width-letters"),  # noqa: RUF001
    pytest.param("<<\u00a0extension.store.url >>", id="no-break-space"),
    pytest.param("<<\u2003extension.store.url >>", id="em-space"),
    pytest.param("<<\u200bextension.store.url >>", id="zero-width-space"),
    pytest.param("<<\x0bextension.store.url >>", id="vertical-tab"),
    pytest.param("<< extension\u2024store.url >>", id="one-dot-leader"),
    pytest.param("<\u0338< extension.store.url >>", id="combining-mark"),
    # Everything else
    pytest.param("", id="empty"),
    pytest.param("a\r\nb\rc\n\n\n", id="line-ends"),
    pytest.param("\ta\t \t", id="tabs"),
    pytest.param("\n", id="a-trailing-newline"),
    pytest.param("\ufeffa\x00b\x1b[0m\u2028\x85", id="control-characters"),
    pytest.param("🎉 ünïcödé 👩‍👩‍👧 🇪🇺 e\u0301", id="emoji"),
    pytest.param("half a pair: \ud83d", id="lone-surrogate"),
    pytest.param(r"\n \\ \<< \<<EOF C:\temp \{{ x }} \<< extension.unclosed", id="backslashes"),
    pytest.param("<<", id="opener-alone"),
    pytest.param(">> <<", id="delimiters-alone"),
]


@pytest.mark.parametrize("text", LITERALS)
def test_text_stays_as_it_is(text):
    assert renderer.expand(text, {}) == text
    assert renderer.parse(text).parts == (text,)
    assert not renderer.contains(text)


@pytest.mark.parametrize("text", LITERALS)
def test_text_stays_as_it_is_beside_an_expression(text):
    extensions = {"s": {"url": "http://s"}}

    # The line ends keep an unclosed opener of the text away from the closer of the expression.
    assert renderer.expand(f"{text}\n<< extension.s.url >>", extensions) == f"{text}\nhttp://s"
    assert renderer.expand(f"<< extension.s.url >>\n{text}", extensions) == f"http://s\n{text}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("<< extension.s.url >> <<EOF >>out", "U <<EOF >>out", id="expression-then-heredoc"),
        pytest.param("cat <<EOF >>out; << extension.s.url >>", "cat <<EOF >>out; U", id="heredoc-then-expression"),
        pytest.param("<<EOF << extension.s.url >> >>out", "<<EOF U >>out", id="expression-in-a-heredoc-line"),
        pytest.param("1 << << extension.s.url >> >> 2", "1 << U >> 2", id="expression-as-a-shift"),
        pytest.param("<<< << extension.s.url >>", "<<< U", id="here-string-of-an-expression"),
        pytest.param("<b><< extension.s.url >></b>", "<b>U</b>", id="expression-in-markup"),
        pytest.param("a=<< extension.s.url >>> f", "a=<< extension.s.url >>> f", id="three-closing-angles"),
        pytest.param("<<extension.a << << extension.s.url >>", "<<extension.a << U", id="shift-before-expression"),
        pytest.param('"<< extension.s.url >>" it\'s', '"U" it\'s', id="quotes-outside-mean-nothing"),
        pytest.param("it's << extension.s.url >> it's", "it's U it's", id="apostrophes-on-both-sides"),
        pytest.param("<< extension.s.url >>\r\n<< extension.s.url >>\r\n", "U\r\nU\r\n", id="line-ends-are-kept"),
        pytest.param("{{<< extension.s.url >>}}", "{{U}}", id="in-braces"),
        pytest.param("$(<< extension.s.url >>)", "$(U)", id="in-round-brackets"),
        pytest.param("<< extension.s.url |upper" + " " * 485 + ">>", "U", id="512-bytes-are-an-expression"),
    ],
)
def test_an_expression_and_nothing_else_is_replaced(text, expected):
    assert renderer.expand(text, {"s": {"url": "U"}}) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(r"\<< extension.s.url >>", "<< extension.s.url >>", id="the-backslash-goes"),
        pytest.param(r"\<<extension[>>", "<<extension[>>", id="of-a-refused-one-too"),
        pytest.param(r"\\<< extension.s.url >>", r"\<< extension.s.url >>", id="of-two-one-goes"),
        pytest.param(r"\ << extension.s.url >>", r"\ U", id="only-directly-before"),
        pytest.param(r"\a\<< extension.s.url >>\b", r"\a<< extension.s.url >>\b", id="others-stay"),
        pytest.param(r"\<< extension.s.url", r"\<< extension.s.url", id="of-no-candidate-it-stays"),
        pytest.param(r"\<< extension.s.url >>>", r"\<< extension.s.url >>>", id="three-angles-are-no-candidate"),
        pytest.param(r"\<<EOF", r"\<<EOF", id="of-a-heredoc-it-stays"),
        pytest.param(r"\<< extension.s.url >> << extension.s.url >>", "<< extension.s.url >> U", id="only-its-own"),
        pytest.param(r"\<< extension.a << extension.s.url >>", "<< extension.a U", id="a-nested-one-speaks-for-itself"),
        pytest.param(
            r"\<< extension.a \<< extension.s.url >>",
            "<< extension.a << extension.s.url >>",
            id="both-escaped",
        ),
    ],
)
def test_a_backslash_makes_a_literal(text, expected):
    assert renderer.expand(text, {"s": {"url": "U"}}) == expected
