# Odd notebooks, run in a notebook's container: writes them, runs each as a program of
# one's own does that uses nbclient, and compares the copies of run-notebook with that.
#
#   odd.py write|reference|compare FOLDER [NAME...]
import base64
import glob
import json
import os
import re
import sys

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(64)).decode()
SHOW = "from IPython.display import display, clear_output, HTML\n"
COMM = "from comm import create_comm\n"


def code(source, tags=(), **more):
    return dict({"cell_type": "code", "source": source, "metadata": {"tags": list(tags)} if tags else {},
                 "outputs": [], "execution_count": None}, **more)


def nb(*cells, minor=4, **metadata):
    return {"cells": [code(c) if isinstance(c, str) else c for c in cells], "metadata": metadata, "nbformat": 4, "nbformat_minor": minor}


def old_code(source):
    return {"cell_type": "code", "input": source, "language": "python", "outputs": [], "prompt_number": 1, "collapsed": False}


def widget(state, more=""):
    return COMM + SHOW + "c = create_comm(target_name='jupyter.widget', data={'state': %r, 'buffer_paths': []}, metadata={'version': '2.1.0'})\n" % state + more


BAR = {"_model_name": "IntProgressModel", "_model_module": "@jupyter-widgets/controls", "_model_module_version": "2.0.0", "value": 0}
OUTPUT = {"_model_name": "OutputModel", "_model_module": "@jupyter-widgets/output", "_model_module_version": "1.0.0", "msg_id": "", "outputs": []}
VIEW = "display({'application/vnd.jupyter.widget-view+json': {'version_major': 2, 'version_minor': 0, 'model_id': c.comm_id}, 'text/plain': 'w'}, raw=True)\n"

ODD = {
    "format3": {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": "old"}, "worksheets": [{"metadata": {}, "cells": [
        {"cell_type": "heading", "level": 2, "source": "Old"}, old_code("print('three')"), old_code("1 + 2")]}]},
    "format2": {"nbformat": 2, "metadata": {}, "worksheets": [{"cells": [{"cell_type": "markdown", "source": "x"}, old_code("2 + 2")]}]},
    "noids": nb("print(1)", {"cell_type": "markdown", "source": "# x", "metadata": {}}, "2", minor=5),
    "sameids": nb(code("print(1)", id="a"), code("print(2)", id="a"), minor=5),
    "ids": nb(code("print(1)", id="first"), {"cell_type": "raw", "source": "r", "metadata": {}, "id": "raw"}, minor=5),
    "lines": nb(code(["for i in range(3):\n", "    print(i)\n"]), "", "   \n"),
    "skipped": nb("print(1)", code("1/0", ["skip-execution"]), "print(3)"),
    "unknown": nb("print(1)", kernelspec={"name": "cobol", "display_name": "COBOL", "language": "cobol"}),
    "known": nb("print(1)", kernelspec={"name": "python3", "display_name": "P", "language": "python"}, mine={"a": [1, None]}),
    "raises": nb(code("print('a'); 1/0", ["raises-exception"]), "print('goes on')"),
    "fails": nb("x = 1", "print('b'); y", "print('not run')"),
    "syntax": nb(code("for", ["raises-exception"]), "print('goes on')"),
    "input": nb("print('before')", "input('name? ')"),
    "html": nb(SHOW + "display(HTML('<b>' + 'x' * (30 << 20) + '</b>'))"),
    "updated": nb(SHOW + "h = display('0%', display_id=True)\nprint('between')\nfor i in range(5): h.update('%d%%' % i)"),
    "updatedlater": nb(SHOW + "for i in range(40): print(i, flush=True)\nh = display('first', display_id=True)", "h.display('second')\nprint('x')",
                       "h.update('third')"),
    "cleared": nb(SHOW + "for i in range(20):\n    clear_output(wait=True)\n    print(i)", SHOW + "print('gone'); clear_output(); print('here')"),
    "widgets": nb(widget(BAR, VIEW + "for i in range(5): c.send(data={'method': 'update', 'state': {'value': i}, 'buffer_paths': []})")),
    "buffers": nb(widget(BAR, "c.send(data={'method': 'update', 'state': {}, 'buffer_paths': [['data']]}, buffers=[b'12345'])")),
    "captured": nb(widget(OUTPUT, "me = get_ipython().kernel.get_parent()['header']['msg_id']\n"
                          "c.send(data={'method': 'update', 'state': {'msg_id': me}, 'buffer_paths': []})\nprint('captured')\n"
                          "c.send(data={'method': 'update', 'state': {'msg_id': ''}, 'buffer_paths': []})\nprint('outside')")),
    "exit": nb("print('last')\nexit()"),
    "dies": nb("print('begun', flush=True)\nimport os, time\ntime.sleep(1)\nos._exit(3)", "print('never')"),
    "flushed5": nb("for i in range(5000): print(i, flush=True)"),
    "flushed60": nb("for i in range(60000): print(i, flush=True)"),
    "printed": nb("for i in range(20): print(chr(97 + i) * (1 << 20))"),
    "streams": nb("import sys\nprint('o', flush=True); print('e', file=sys.stderr, flush=True); print('p', flush=True)", "import os; os.system('echo below')"),
    "returns": nb("for i in range(101): print('\\r%d%%' % i, end='', flush=True)", "print('\\x1b[31mred\\x1b[0m \u00e4\u4e16\U0001f600')"),
    "mimes": nb(SHOW + "display({'image/png': %r, 'application/json': {'a': [1, 2]}, 'text/plain': 'p'}, raw=True, metadata={'image/png': {'width': 3}})" % PNG,
                "None", "{'k': 9007199254740993}"),
    "awaits": nb("import asyncio\nawait asyncio.sleep(0.1)\n'awaited'", "%%bash\necho magic"),
    "attached": nb({"cell_type": "markdown", "source": "![x](attachment:x.png)", "metadata": {}, "attachments": {"x.png": {"image/png": PNG}}}, "1"),
}


def names(chosen):
    return chosen or sorted(ODD)


def write(folder, chosen):
    os.makedirs(os.path.join(folder, "reference"), exist_ok=True)
    for name in names(chosen):
        with open(os.path.join(folder, name + ".ipynb"), "w") as f:
            json.dump(ODD[name], f)
    print(" ".join(names(chosen)))


def reference(folder, chosen):
    import nbformat
    import zmq.asyncio
    from jupyter_client import AsyncKernelManager
    from nbclient import NotebookClient

    class Manager(AsyncKernelManager):
        def client(self, **how):
            context = zmq.asyncio.Context()
            context.rcvhwm = 0
            return super().client(context=context, **how)

    for name in names(chosen):
        book = nbformat.read(os.path.join(folder, name + ".ipynb"), as_version=4)
        client = NotebookClient(book, kernel_manager_class=Manager, resources={"metadata": {"path": folder}}, iopub_timeout=3600)
        said = ""
        try:
            client.execute()
        except Exception as error:
            said = "%s: %s" % (error.ename, error.evalue) if hasattr(error, "ename") else "%s: %s" % (type(error).__name__, error)
        nbformat.write(book, os.path.join(folder, "reference", name + ".ipynb"))
        with open(os.path.join(folder, "reference", name + ".said"), "w") as f:
            f.write(said)


def joined(outputs):
    out = []
    for o in outputs:
        if out and o["output_type"] == "stream" == out[-1]["output_type"] and o["name"] == out[-1]["name"]:
            out[-1]["text"] += o["text"]
        else:
            out.append(o)
    return out


def plain(book):
    """A notebook without what differs from one run to the next."""
    import nbformat
    book = json.loads(nbformat.writes(book, split_lines=False))
    for cell in book["cells"]:
        cell["metadata"].pop("execution", None)
        cell["metadata"].pop("trusted", None)
        if cell.get("id") not in ("first", "raw"):
            cell.pop("id", None)
        if "outputs" in cell:
            cell["outputs"] = joined(cell["outputs"])
    known = {}
    text = json.dumps([book["cells"], book["metadata"]], indent=0, sort_keys=True)
    text = re.sub(r"\b[0-9a-f]{32}\b|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(_[0-9_]+)?|[0-9a-f]{8}-[0-9a-f]{24}(_[0-9_]+)?",
                  lambda m: known.setdefault(m.group(), "id%d" % len(known)), text)
    return re.sub(r"ipykernel_\d+/\d+", "ipykernel", re.sub(r"0x[0-9a-f]+", "0x", text))


def compare(folder, chosen):
    import nbformat
    for name in names(chosen):
        with open(os.path.join(folder, "reference", name + ".said")) as f:
            said = f.read()
        copies = glob.glob(os.path.join(folder, name + ".executed-*.ipynb"))
        result = {"name": name, "said": said, "copies": len(copies)}
        if copies:
            ours, theirs = (plain(nbformat.read(at, as_version=4)) for at in (copies[0], os.path.join(folder, "reference", name + ".ipynb")))
            result["equal"], result["size"] = ours == theirs, len(ours)
            if ours != theirs:
                pairs = [(a, b) for a, b in zip(ours.split("\n"), theirs.split("\n")) if a != b]
                result["differs"] = [(a[:200], b[:200], len(a), len(b)) for a, b in pairs[:3]] + [(len(ours), len(theirs))]
        print(json.dumps(result))


{"write": write, "reference": reference, "compare": compare}[sys.argv[1]](sys.argv[2], sys.argv[3:])
