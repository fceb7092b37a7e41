"""`python setup.py sdist` in upip's own form, for picoweb and for apps that are packages: setup(cmdclass={"sdist": sdist}).

upip runs no setup.py and unpacks on the device itself: the archive holds the modules, what upip reads of the metadata, and
nothing else. The deflate window is 4 KB, since a device with less than 64 KB of heap has no 32 KB for a larger one.
Data files become one module R in each package, where pkg_resources finds them without a file system.
"""

import fnmatch
import io
import os
import tarfile
import zlib

from setuptools.command.sdist import sdist as setuptools_sdist

# zlib's notation: 16 for a gzip header, and the logarithm of the window.
WINDOW_4K = 16 + 12


class sdist(setuptools_sdist):
    """A subclass says with `requires` what upip installs too (None: what install_requires says), and with
    `leave_out` which files of the packages no board needs, as patterns of their paths."""

    requires = None
    leave_out = ()

    def run(self):
        self.ensure_finalized()
        name = self.distribution.get_fullname()
        path = os.path.join(self.dist_dir, name + ".tar.gz")
        os.makedirs(self.dist_dir, exist_ok=True)
        with open(path, "wb") as f:
            f.write(compress(archive(name, self.board_files())))
        self.archive_files = [path]
        self.distribution.dist_files.append(("sdist", "", path))

    def board_files(self):
        """What the archive holds: paths to bytes."""
        build = self.get_finalized_command("build_py")
        files = {}
        for _, _, path in build.find_all_modules():
            if self.wanted(path):
                files[path] = read(path)
        for package, folder, _, names in build.data_files:
            names = [name for name in names if self.wanted(os.path.join(folder, name))]
            if names:
                files[os.path.join(build.get_package_dir(package), "R.py")] = resources(folder, names)
        files.update(self.metadata())
        return files

    def wanted(self, path):
        return not any(fnmatch.fnmatch(path.replace(os.sep, "/"), pattern) for pattern in self.leave_out)

    def metadata(self):
        about = self.distribution.metadata
        fields = [("Metadata-Version", "1.0"), ("Name", about.get_name()), ("Version", about.get_version()),
                  ("Summary", about.get_description()), ("Author", about.get_author()), ("License", about.get_license())]
        # Where an index looks for it; upip leaves it out by its name.
        files = {"PKG-INFO": "".join("%s: %s\n" % field for field in fields if field[1]).encode()}
        requires = self.distribution.install_requires if self.requires is None else self.requires
        if requires:
            files[about.get_name().replace("-", "_") + ".egg-info/requires.txt"] = "".join(name + "\n" for name in requires).encode()
        return files


def read(path):
    with open(path, "rb") as f:
        return f.read()


def resources(folder, names):
    """The source of a module R: a dict of paths in the package to bytes."""
    # A path keeps the slashes that an app writes, whatever the machine that packs it writes.
    lines = ["%r: %r,\n" % (name.replace(os.sep, "/"), read(os.path.join(folder, name))) for name in sorted(names)]
    return ("R = {\n" + "".join(lines) + "}\n").encode()


def archive(name, files):
    """A tar file, the same bytes for the same files."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path in sorted(files):
            info = tarfile.TarInfo(name + "/" + path.replace(os.sep, "/"))
            info.size = len(files[path])
            info.mtime = int(os.environ.get("SOURCE_DATE_EPOCH", 0))
            tar.addfile(info, io.BytesIO(files[path]))
    return out.getvalue()


def compress(data):
    packer = zlib.compressobj(9, zlib.DEFLATED, WINDOW_4K)
    return packer.compress(data) + packer.flush()
