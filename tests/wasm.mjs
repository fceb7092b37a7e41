// Run a script inside MicroPython for Node: node wasm.mjs MICROPYTHON FOLDERS HEAPSIZE SCRIPT [ARG...]
// There is no disk in there: each of FOLDERS (parted by colons; FOLDER=NAME to give it a name inside) is copied to a
// folder on the module path first. Exit status 1 and a traceback on standard error for an exception, as from the Unix port.

import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [home, folders, heapsize, script, ...args] = process.argv.slice(2);
const { loadMicroPython } = await import(pathToFileURL(path.join(home, "micropython.mjs")).href);
const options = Number(heapsize) ? { heapsize: Number(heapsize) } : {};
const mp = await loadMicroPython({ ...options, url: path.join(home, "micropython.wasm") });

function copy(from, to) {
    mp.FS.mkdir(to);
    for (const entry of fs.readdirSync(from, { withFileTypes: true })) {
        const [source, target] = [path.join(from, entry.name), `${to}/${entry.name}`];
        if (entry.isDirectory() && entry.name !== "__pycache__") copy(source, target);
        else if (entry.isFile()) mp.FS.writeFile(target, fs.readFileSync(source));
    }
}

const modulePath = [];
folders.split(":").forEach((folder, i) => {
    const [from, name] = folder.split("=");
    mp.FS.mkdir(`/path${i}`);
    copy(from, `/path${i}/${name ?? "lib"}`);
    modulePath.push(name ? `/path${i}` : `/path${i}/lib`);
});

// A string literal of JSON is one of Python's as well.
const python = JSON.stringify;
mp.runPython(`import sys
sys.path.extend(${python(modulePath)})
try:
    sys.argv[:] = ${python([script, ...args])}
except AttributeError:
    pass`);
try {
    mp.runPython(fs.readFileSync(script, "utf8"));
} catch (e) {
    if (e.type !== "SystemExit") process.stderr.write(`${e.message}\n`);
    const status = /SystemExit: ?(\d*)/.exec(e.message);
    process.exitCode = status ? Number(status[1]) : 1;
}
