"""Debian packages without root: downloaded and verified by apt, unpacked, never installed.

apt gets folders and a sources list of its own, so the machine's stay as they are. The mirror is the one that the machine's own
sources name; its signature is checked against the Debian archive keyring that is already there.
"""

import glob
import os
import re
import shutil

from store import Missing, run, write

SUITE = "trixie"
KEYRINGS = ("/usr/share/keyrings/debian-archive-keyring.pgp", "/usr/share/keyrings/debian-archive-keyring.gpg")

# The last three lines undo settings that are about the machine's own packages: its default release and clean-up hooks.
CONFIG = """
Dir "{folder}";
Dir::State::status "{folder}/status";
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


def unpack(packages, arch, root):
    """Download packages for an architecture, and unpack them into `root`; the files that apt needs are made beside it."""
    folder = root + ".apt"
    for name in "var/lib/apt/lists/partial", "var/cache/apt/archives/partial":
        os.makedirs(os.path.join(folder, name))
    write(os.path.join(folder, "status"), "")
    apt = ["apt-get", "-qq", "-c", write(os.path.join(folder, "apt.conf"), CONFIG.format(folder=folder, arch=arch))]
    _update(apt, os.path.join(folder, "etc/apt/sources.list"))
    run("apt-get download", apt + ["download", *packages], cwd=folder)
    for deb in sorted(glob.glob(os.path.join(glob.escape(folder), "*.deb"))):
        run("dpkg-deb", ["dpkg-deb", "-x", deb, root])


def _update(apt, sources):
    """Read the package lists of the first mirror that is Debian's: one of a third party fails by its signature."""
    keyring = next(filter(os.path.exists, KEYRINGS), None)
    if not keyring:
        raise Missing("the Debian archive keyring is not on this machine (package debian-archive-keyring)")
    failures = []
    for uri in mirrors():
        write(sources, "deb [signed-by=%s] %s %s main\n" % (keyring, uri, SUITE))
        try:
            return run("apt-get update", apt + ["update"])
        except Missing as e:
            failures.append(e)
    raise failures[0]


def mirrors(options=()):
    """What may be mirrors of the Debian archive, as apt lists the machine's sources."""
    said = run("apt-get", ["apt-get", *options, "update", "--print-uris", "-o", "APT::Architecture=" + architecture()])
    found = re.findall(r"'(\S+)/dists/[a-z]+/main/binary-", said)
    if not found:
        raise Missing("this machine's apt sources name no Debian mirror")
    return list(dict.fromkeys(found))
