# Templates: those of utemplate, or of any engine whose templates are functions that yield text.

def load(app, name):
    if app.template_loader is None:
        try:
            import utemplate.source
        except ImportError:
            raise ImportError("templates need utemplate: copy its folder beside the app, or set app.template_loader")
        pkg = app.pkg and hasattr(__import__(app.pkg), "__path__") and app.pkg
        app.template_loader = utemplate.source.Loader(pkg or None, "templates")
    try:
        return app.template_loader.load(name)
    except OSError as e:
        raise OSError(e.args[0], "template %s" % name)
