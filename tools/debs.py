"""Debian packages without root: downloaded by apt, signed as ever, unpacked and never installed.

apt gets a sources list, state and caches of its own, so the machine's stay as they are. The mirror is the one that the
machine's own sources name; the signature is checked against the Debian archive keyring that is already there.
"""

import glob
import os
import re
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


def mirrors(options=()):
    """What may be mirrors of the Debian archive, as apt lists the machine's sources."""
    said = run("apt-get", ["apt-get", *options, "update", "--print-uris", "-o", "APT::Architecture=" + architecture()])
    found = re.findall(r"'(\S+)/dists/[a-z]+/main/binary-", said)
    if not found:
        raise Missing("this machine's apt sources name no Debian mirror")
    return list(dict.fromkeys(found))
