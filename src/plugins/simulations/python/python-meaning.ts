// What Python 2 source means where Python 3 would take it otherwise, as Python that runs in the child.

/** Defines `_compiled(raw, path)`, `_names()` and `_install(folder)`; needs `_source`. */
export const pythonMeaning: string = String.raw`import ast as _ast
import copy as _copy
import functools as _functools


def _drayage_divide(a, b):
    whole = isinstance(a, int) and isinstance(b, int)
    return a // b if whole else a / b


def _drayage_call(target, name, *args, **named):
    """A method call as Python 2 would have made it."""
    own = getattr(target, name, None)
    if name == 'has_key' and own is None:
        return args[0] in target
    if name == 'next' and own is None:
        return next(target)
    if name in ('iteritems', 'itervalues', 'iterkeys') and own is None:
        return iter(getattr(target, name[4:])())
    if name in ('keys', 'values', 'items') and isinstance(target, dict):
        return list(own())
    if name == 'sort' and isinstance(target, list):
        args, named = _drayage_order(args, named)
        return own(**named)
    if own is None:
        return getattr(target, name)(*args, **named)
    return own(*args, **named)


def _drayage_order(args, named):
    """cmp, key, reverse by position or by name -> key, reverse by name."""
    named = dict(named)
    named.update(zip(('cmp', 'key', 'reverse'), args))
    compare, key = named.pop('cmp', None), named.pop('key', None)
    if compare is not None:
        of = _functools.cmp_to_key(compare)
        key = of if key is None else (lambda item, key=key: of(key(item)))
    if key is not None:
        named['key'] = key
    return (), named


def _drayage_sorted(items, *args, **named):
    return sorted(items, **_drayage_order(args, named)[1])


def _drayage_round(number, digits=0):
    scale = 10.0 ** digits
    scaled = abs(number) * scale
    whole = int(scaled + 0.5)
    return float(whole if number >= 0 else -whole) / scale


def _drayage_map(function, *lists):
    from itertools import zip_longest
    rows = zip_longest(*lists)
    if function is None:
        return [row[0] if len(row) == 1 else row for row in rows]
    return [function(*row) for row in rows]


def _names():
    import builtins
    import itertools
    import sys
    for old, new in (('cPickle', 'pickle'), ('Queue', 'queue'), ('StringIO', 'io'), ('cStringIO', 'io'),
                     ('ConfigParser', 'configparser'), ('__builtin__', 'builtins')):
        sys.modules.setdefault(old, __import__(new))
    itertools.izip, itertools.imap, itertools.ifilter = zip, map, filter
    sys.maxint = sys.maxsize
    return {
        '_drayage_divide': _drayage_divide, '_drayage_call': _drayage_call,
        '_drayage_spread': lambda function: lambda row: function(*row),
        'xrange': range, 'raw_input': input, 'unicode': str, 'basestring': str, 'unichr': chr, 'long': int,
        'reduce': _functools.reduce, 'cmp': lambda a, b: (a > b) - (a < b), 'file': open,
        'range': lambda *args: list(range(*args)), 'zip': lambda *args: list(zip(*args)),
        'map': _drayage_map, 'filter': lambda function, items: list(filter(function, items)),
        'sorted': _drayage_sorted, 'round': _drayage_round,
        'apply': lambda function, args=(), named={}: function(*args, **named),
    }


_CALLS = frozenset(('has_key', 'next', 'iteritems', 'itervalues', 'iterkeys', 'keys', 'values', 'items', 'sort'))


class _Meaning(_ast.NodeTransformer):
    """What parses alike in both and means something else: division of whole numbers, lists of keys, orders."""

    def __init__(self, divides):
        self.divides = divides

    def visit_BinOp(self, node):
        self.generic_visit(node)
        if not (self.divides and isinstance(node.op, _ast.Div)):
            return node
        return self.helper(node, '_drayage_divide', [node.left, node.right])

    def visit_AugAssign(self, node):
        self.generic_visit(node)
        if not (self.divides and isinstance(node.op, _ast.Div)):
            return node
        load = _copy.deepcopy(node.target)
        load.ctx = _ast.Load()
        value = self.helper(node, '_drayage_divide', [load, node.value])
        return _ast.fix_missing_locations(_ast.copy_location(_ast.Assign([node.target], value), node))

    def visit_Call(self, node):
        self.generic_visit(node)
        function = node.func
        if not isinstance(function, _ast.Attribute) or function.attr not in _CALLS:
            return node
        name = _ast.copy_location(_ast.Constant(function.attr), node)
        return self.helper(node, '_drayage_call', [function.value, name] + node.args, node.keywords)

    def helper(self, node, name, args, keywords=()):
        call = _ast.Call(_ast.Name(name, _ast.Load()), args, list(keywords))
        return _ast.fix_missing_locations(_ast.copy_location(call, node))


def _python2_names(tree):
    """Names that only Python 2 has, unless the file makes them itself."""
    used, made = set(), set()
    for node in _ast.walk(tree):
        if isinstance(node, _ast.Name):
            (used if isinstance(node.ctx, _ast.Load) else made).add(node.id)
        elif isinstance(node, _ast.Attribute):
            used.add('.' + node.attr)
        elif isinstance(node, (_ast.FunctionDef, _ast.ClassDef)):
            made.update((node.name, '.' + node.name))
        elif isinstance(node, _ast.alias):
            made.add(node.asname or node.name)
    old = ('xrange', 'raw_input', 'basestring', 'unichr', '.has_key', '.iteritems', '.itervalues', '.iterkeys')
    return sorted(name for name in old if name in used and name not in made)


def _decoded(raw):
    import io
    import tokenize
    try:
        encoding = tokenize.detect_encoding(io.BytesIO(raw).readline)[0]
        return raw.decode(encoding)
    except (SyntaxError, UnicodeDecodeError):
        return raw.decode('latin-1')


def _converted(raw, path):
    """Code of a Python 2 file."""
    text = _source(_decoded(raw))
    tree = _ast.parse(text, path)
    divides = not _re.search(r'from\s+__future__\s+import[^\n]*\bdivision\b', text)
    return compile(_Meaning(divides).visit(tree), path, 'exec', 0, True)


def _compiled(raw, path):
    """(code, why it was converted or None); SyntaxError with file and line."""
    try:
        tree = _ast.parse(raw, path)
        names = _python2_names(tree)
        if not names:
            return compile(raw, path, 'exec', 0, True), None
        why = 'it uses ' + ', '.join(names)
    except (SyntaxError, ValueError) as first:
        why = 'line %s' % getattr(first, 'lineno', '?')
    return _converted(raw, path), why


def _install(folder):
    """Modules beside the plug-in may be Python 2, too."""
    import importlib.machinery as machinery

    class Loader(machinery.SourceFileLoader):
        why = None

        def source_to_code(self, data, path, *rest, **named):
            code, self.why = _compiled(data, path)
            return code

        def exec_module(self, module):
            code = self.get_code(module.__name__)
            if self.why is not None:
                module.__dict__.update(_names())
            exec(code, module.__dict__)

    loaders = (
        (machinery.ExtensionFileLoader, machinery.EXTENSION_SUFFIXES),
        (Loader, ['.py']),
        (machinery.SourcelessFileLoader, ['.pyc']),
    )

    def hook(path):
        if path != folder:
            raise ImportError(path)
        return machinery.FileFinder(path, *loaders)

    import sys
    sys.path_hooks.insert(0, hook)
    sys.path_importer_cache.pop(folder, None)
`;
