# Templates, of utemplate or another engine.


def load_template(app, name):
    if app.template_loader is None:
        import utemplate.source
        app.template_loader = utemplate.source.Loader(app.pkg, "templates")
    return app.template_loader.load(name)


# Templates yield many small pieces, and each write has its price.
def render_template(app, writer, tmpl_name, args=()):
    pieces = []
    size = 0
    for s in load_template(app, tmpl_name)(*args):
        pieces.append(s)
        size += len(s)
        if size >= 512:
            yield from writer.awritestr("".join(pieces))
            pieces = []
            size = 0
    if pieces:
        yield from writer.awritestr("".join(pieces))


def render_str(app, tmpl_name, args=()):
    return "".join(load_template(app, tmpl_name)(*args))
