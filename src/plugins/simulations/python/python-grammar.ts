// Python 2 source in the grammar of Python 3, as Python that runs in the child. Written without back quotes.
//
//   text -> tokens -> statements: print, raise, exec and except are rewritten, all else is copied

/** Defines `_source(text)`. */
export const pythonGrammar: string = String.raw`import re as _re

_TOKEN = _re.compile(r'''
    (?P<string>(?:[uU][rR]?|[bB][rR]?|[rR])?(?:
        """(?:\\.|[^\\])*?""" | \'\'\'(?:\\.|[^\\])*?\'\'\' | "(?:\\.|[^\\\n"])*" | '(?:\\.|[^\\\n'])*'))
  | (?P<comment>\#[^\n]*)
  | (?P<newline>\n)
  | (?P<space>(?:[ \t\f]|\\\n)+)
  | (?P<number>0[xX][0-9a-fA-F]+[lL]?|0[bBoO][0-7]+[lL]?|(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?[jJlL]?)
  | (?P<name>[^\W\d]\w*)
  | (?P<op><>|[*/<>]{2}=|[-+*/%&|^=!<>]=|\*\*|//|<<|>>|.)
''', _re.S | _re.X)

_HEADS = frozenset(('if', 'elif', 'else', 'for', 'while', 'try', 'except', 'finally', 'with', 'def', 'class'))
_BACKQUOTE = chr(96)


def _tokens(text):
    tokens = [[match.lastgroup, match.group()] for match in _TOKEN.finditer(text)]
    quotes = 0
    for token in tokens:
        kind, word = token
        if kind == 'number' and word[-1] in 'lL':
            word = word[:-1]
        if kind == 'number' and _re.match(r'0[0-7]+$', word) and word.strip('0'):
            word = '0o' + word[1:]
        if kind == 'string' and word[:2].lower() == 'ur':
            word = word[1:]
        if word == '<>':
            word = '!='
        if word == _BACKQUOTE:
            word = ')' if quotes % 2 else 'repr('
            quotes += 1
        token[1] = word
    return tokens


def _depth(word):
    return 1 if word in ('(', '[', '{', 'repr(') else -1 if word in (')', ']', '}') else 0


def _text(tokens):
    return ''.join(word for _, word in tokens)


def _parts(tokens, at=','):
    """Split at a token outside of all brackets and lambdas."""
    parts, depth = [[]], 0
    for token in tokens:
        depth += _depth(token[1])
        if depth == 0 and token[1] == at and token[0] != 'string':
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def _print(body):
    text = _text(body).strip()
    if text[:2] == '>>':
        parts = _parts(body)
        dest = _text(parts[0]).strip()[2:]
        rest = ','.join(_text(part) for part in parts[1:]).strip()
        more = ', file=' + dest
    else:
        rest, more = text, ''
    if rest.endswith(','):
        rest, more = rest[:-1], ", end=' '" + more
    return 'print(' + (rest + more if rest else more[2:]) + ')'


def _raise(body):
    parts = [_text(part).strip() for part in _parts(body)]
    if len(parts) == 1:
        return 'raise' + _text(body)
    made = 'raise %s(%s)' % (parts[0], '' if parts[1] == 'None' else parts[1])
    return made + ('.with_traceback(%s)' % parts[2] if len(parts) > 2 else '')


def _exec(body):
    parts = _parts([['op', '\0'] if token == ['name', 'in'] else token for token in body], '\0')
    return 'exec(' + ', '.join(_text(part).strip() for part in parts) + ')'


def _except(body):
    parts = [_text(part).strip() for part in _parts(body)]
    return 'except ' + ' as '.join(parts) if len(parts) == 2 else 'except' + _text(body)


def _lambdas(tokens):
    """lambda (a, b): x  ->  _drayage_spread(lambda a, b: x)"""
    at = 0
    while at < len(tokens):
        if tokens[at] == ['name', 'lambda']:
            match = _re.match(r'lambda\s*\(([\w\s,]+)\)\s*:', _text(tokens[at:at + 60]))
            if match:
                end, depth, seen = at, 0, False
                while end < len(tokens):
                    word = tokens[end][1]
                    depth += _depth(word)
                    closed = depth < 0 or (seen and depth == 0 and word in (',', '\n', ';', 'for', '='))
                    if closed:
                        break
                    seen = seen or (depth == 0 and word == ':')
                    end += 1
                body = _text(tokens[at:end])[match.end():]
                tokens[at:end] = [['op', '_drayage_spread(lambda %s:%s)' % (match.group(1), body)]]
        at += 1
    return tokens


def _statements(tokens, prints):
    made, at = [], 0
    while at < len(tokens):
        kind, word = tokens[at]
        if kind in ('space', 'newline', 'comment') or word == ';':
            made.append(word)
            at += 1
            continue
        end, depth, lambdas = at, 0, 0
        while end < len(tokens):
            kind, text = tokens[end]
            depth += _depth(text) if kind == 'op' else 0
            if depth == 0 and (kind in ('newline', 'comment') or text == ';'):
                break
            lambdas += text == 'lambda' and depth == 0
            if depth == 0 and text == ':' and kind == 'op' and word in _HEADS:
                if not lambdas:
                    break
                lambdas -= 1
            end += 1
        made.append(_statement(word, tokens[at:end], prints))
        if end < len(tokens) and tokens[end][1] == ':':
            made.append(':')
            end += 1
        at = end
    return ''.join(made)


def _statement(word, tokens, prints):
    body = tokens[1:]
    rules = {'print': _print, 'raise': _raise, 'exec': _exec, 'except': _except}
    rule = rules.get(word)
    if rule is None or (rule is _print and not prints):
        return _text(tokens)
    text = rule(body)
    # Lines keep their numbers, and a blank in front of a comment stays.
    lost = _text(tokens).count('\n') - text.count('\n')
    return text[:-1] + '\n' * lost + text[-1:] if lost and text.endswith(')') else text


def _source(text):
    """Python 2 source in the grammar of Python 3. Lines keep their numbers."""
    text = text.replace('\r\n', '\n').replace('\r', '\n')
    lines = []
    for line in text.split('\n'):
        blank = line[:len(line) - len(line.lstrip(' \t\f'))]
        lines.append(blank.expandtabs(8) + line[len(blank):])
    text = '\n'.join(lines)
    prints = not _re.search(r'from\s+__future__\s+import[^\n]*print_function', text)
    return _statements(_lambdas(_tokens(text)), prints)
`;
