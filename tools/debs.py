"""Debian packages without root: downloaded by apt, signed as ever, unpacked and never installed.

apt gets a sources list, state and caches of its own, so the machine's stay as they are. The mirror is the one that the
machine's own sources name; the signature is checked against the Debian archive keyring that is already there.
"""

import glob
import os
import shutil

from store import Missing, run

SUITE = "trixie"
KEYRINGS = ("/usr/share/keyrings/debian-archive-keyring.pgp", "/usr/share/keyrings/debian-archive-keyring.gpg")

# The last lines undo settings of the machine that are about its own packages: a default release, pins, clean-up hooks.
CONFIG = """
Dir::Etc::sourcelist "{folder}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State "{folder}/state";
Dir::State::status "{folder}/status";
Dir::Cache "{folder}/cache";
APT::Architecture "{arch}";
APT::Architectures {{ "{arch}"; }};
APT::Sandbox::User "root";
APT::Update::Error-Mode "any";
Acquire::Languages "none";
Acquire::http::Timeout "30";
#clear APT::Default-Release;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
"""


def architecture():
    """The machine's own Debian architecture."""
    for tool in "apt-get", "dpkg", "dpkg-deb":
        if not shutil.which(tool):
            raise Missing("%s is not on this machine" % tool)
    return run("dpkg", ["dpkg", "--print-architecture"]).strip()


def unpack(packages, arch, folder, root):
    """Download packages for an architecture with `folder` as work space, and unpack them into `root`."""
    config = _configure(arch, folder)
    _update(config, folder)
    run("apt-get download", ["apt-get", "-c", config, "download", "-qq"] + list(packages), cwd=folder)
    for deb in sorted(glob.glob(os.path.join(glob.escape(folder), "*.deb"))):
        run("dpkg-deb", ["dpkg-deb", "-x", deb, root])


def _configure(arch, folder):
    for name in "state/lists/partial", "cache/archives/partial":
        os.makedirs(os.path.join(folder, name))
    _write(folder, "status", "")
    return _write(folder, "apt.conf", CONFIG.format(folder=folder, arch=arch))


def _update(config, folder):
    """Read the package lists of the first mirror that has Debian's: a third party's fails by its signature."""
    keyring, failure = _keyring(), None
    for uri in mirrors():
        _write(folder, "sources.list", "deb [signed-by=%s] %s %s main\n" % (keyring, uri, SUITE))
        try:
            return run("apt-get update", ["apt-get", "-c", config, "update", "-qq"])
        except Missing as e:
            failure = failure or e
    raise failure


def _write(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w") as f:
        f.write(text)
    return path


def _keyring():
    for path in KEYRINGS:
        if os.path.exists(path):
            return path
    raise Missing("the Debian archive keyring is not on this machine (package debian-archive-keyring)")


def mirrors(etc="/etc/apt"):
    """What may be mirrors of the Debian archive among the machine's apt sources, in their order."""
    suites = {SUITE, "stable", "oldstable", "testing", "unstable", "sid", _codename()}
    found = [uri for uri, suite, components in _entries(etc) if suite in suites and "main" in components]
    if not found:
        raise Missing("this machine's apt sources name no Debian mirror")
    return list(dict.fromkeys(found))


def _codename():
    with open("/etc/os-release") as f:
        fields = dict(line.strip().split("=", 1) for line in f if "=" in line)
    return fields.get("VERSION_CODENAME", "").strip('"')


def _entries(etc):
    """(uri, suite, components) of each source of binary packages, from both of apt's formats."""
    for path in [os.path.join(etc, "sources.list")] + sorted(glob.glob(os.path.join(etc, "sources.list.d", "*.list"))):
        for line in _lines(path):
            yield from _one_line(line)
    for path in sorted(glob.glob(os.path.join(etc, "sources.list.d", "*.sources"))):
        for fields in _stanzas(_lines(path)):
            yield from _deb822(fields)


def _lines(path):
    if not os.path.exists(path):
        return []
    with open(path) as f:
        return f.read().splitlines()


def _one_line(line):
    """`deb [option=value ...] uri suite component ...`"""
    words = line.split("#")[0].split()
    if words[:1] == ["deb"]:
        if words[1:2] and words[1].startswith("["):
            end = next((i for i, word in enumerate(words) if word.endswith("]")), len(words))
            words[1:end + 1] = []
        if len(words) > 3:
            yield words[1], words[2], words[3:]


def _stanzas(lines):
    fields, key = {}, None
    for line in lines + [""]:
        if not line.strip():
            yield fields
            fields, key = {}, None
        elif line[0] in " \t" and key:
            fields[key] += " " + line.strip()
        elif ":" in line and line[0] != "#":
            key, value = line.split(":", 1)
            key = key.lower()
            fields[key] = value.strip()


def _deb822(fields):
    if "deb" in fields.get("types", "").split() and fields.get("enabled", "yes").lower() not in ("no", "false"):
        for uri in fields.get("uris", "").split():
            for suite in fields.get("suites", "").split():
                yield uri, suite, fields.get("components", "").split()
