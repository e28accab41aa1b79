# Runs a notebook by nbclient, as the user of the Jupyter server and with what that
# was started with. Written by the jupyter-docker charm. It tells its facts as lines
# of JSON; a line on its standard input, or that input's end, says why to stop.
#
#   run_notebook.py PATH PID    PATH from the folder of the server with that PID
from __future__ import print_function
import io
import json
import os
import sys
import time

FACTS = os.fdopen(os.dup(1), "w")  # what kernels print beside their messages is none
os.dup2(2, 1)
DATA = "/jupyter-docker/work"
SAVE_EVERY, INTERRUPT = 30, 10  # seconds
MOST = 2000  # characters of an error


def tell(**facts):
    try:
        FACTS.write(json.dumps(facts) + "\n")
        FACTS.flush()
    except (IOError, OSError):
        pass  # nobody listens any more: standard input says so too


def end(message=""):
    tell(phase="failed" if message else "completed", message=message[:MOST])
    sys.stderr.flush()
    os._exit(0)  # whatever threads and sockets are left


try:
    import asyncio
    import inspect
    import nbformat
    import zmq.asyncio
    from jupyter_client import AsyncKernelManager
    from jupyter_client.kernelspec import KernelSpecManager
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError
except ImportError as missing:
    end("the image's Python %d.%d has no nbclient, by which notebooks are run: it comes with Jupyter Server, "
        "and with the classic notebook 6 (%s)" % (sys.version_info[0], sys.version_info[1], missing))


def root_of(pid):
    """The folder that a server shows, by what it wrote down for its users."""
    for name, key in (("jpserver-%s.json", "root_dir"), ("nbserver-%s.json", "notebook_dir")):
        try:
            with io.open(os.path.join(os.environ["JUPYTER_RUNTIME_DIR"], name % pid), encoding="utf-8") as f:
                return json.load(f)[key]
        except (IOError, OSError, ValueError, KeyError):
            pass
    return DATA


def first_line(source):
    line = source.strip().split("\n")[0]
    return line if len(line) <= 60 else line[:57] + "..."


def joined(outputs):
    """The outputs with what was printed in one go in one piece, as pages show it."""
    out, texts = [], []
    for output in outputs:
        last = out[-1] if out else {}
        if output["output_type"] == "stream" == last.get("output_type") and output["name"] == last["name"]:
            texts[-1].append(output["text"])
            continue
        out.append(type(output)(output))
        texts.append([output.get("text", "")])
    for output, parts in zip(out, texts):
        if output["output_type"] == "stream":
            output["text"] = "".join(parts)
    return out


class Manager(AsyncKernelManager):
    """Loses nothing of what a kernel says faster than it is read."""

    def client(self, **how):
        context = zmq.asyncio.Context()
        context.setsockopt(zmq.RCVHWM, 0)
        how.setdefault("context", context)
        return super(Manager, self).client(**how)


class Stopped(Exception):
    pass


class Client(NotebookClient):
    """Tells of each cell, before it and behind it."""

    def async_execute_cell(self, cell, cell_index, *args, **kwargs):
        self.run.before(cell)
        ran = asyncio.ensure_future(NotebookClient.async_execute_cell(self, cell, cell_index, *args, **kwargs))
        ran.add_done_callback(lambda done: self.run.behind(cell, done))
        return ran


class Run(object):
    def __init__(self, path, pid):
        root = root_of(pid)
        self.path = os.path.join(root, path)
        if os.path.exists(self.path) and not os.path.isfile(self.path):
            end("it is no file")  # a pipe would wait for its writer, a device not end
        try:
            with io.open(self.path, "rb") as f:
                text = f.read()
        except (IOError, OSError) as error:
            end("there is no such notebook" if error.errno == 2 else error.strerror)
        try:
            self.nb = nbformat.reads(text.decode("utf-8"), as_version=4)
            self.cells = [cell for cell in self.nb.cells if self.counts(cell)]
        except Exception as error:
            end("it is not a notebook: %s" % (str(error).split("\n")[0] or type(error).__name__))
        for cell in self.cells:  # else the copy shows another run behind the cell that failed
            cell["outputs"], cell["execution_count"] = [], None
        self.root, self.number, self.done, self.reason = root, 0, 0, ""
        self.saved, self.took = 0, 0

    def counts(self, cell):
        """Whether nbclient runs a cell."""
        return cell.cell_type == "code" and cell.source.strip() and "skip-execution" not in (cell.metadata.get("tags") or [])

    def kernel(self):
        """Refuses a kernel that is not there before anything is written."""
        spec = self.nb.metadata.get("kernelspec")
        name = spec.get("name") if isinstance(spec, dict) else ""
        if not isinstance(name, str):
            name = ""
        known = sorted(KernelSpecManager().find_kernel_specs())
        if name and name.lower() not in known and name != "python3":
            end("it asks for the kernel %s, and the image has %s" % (name, ", ".join(known)))

    def create(self):
        """Makes the copy, under a name that nobody has."""
        stem = self.path[:-len(".ipynb")] + time.strftime(".executed-%Y%m%dT%H%M%SZ", time.gmtime())
        for number in range(1, 101):
            self.copy = stem + ("-%d" % number if number > 1 else "") + ".ipynb"
            try:
                os.close(os.open(self.copy, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
                return
            except OSError as error:
                if error.errno != 17:
                    end("cannot save %s: %s" % (self.short(), error.strerror))
        end("cannot save %s: it exists" % self.short())

    def short(self):
        return os.path.relpath(self.copy, self.root)

    def save(self):
        """Replaces the copy as a whole. Indices of outputs that a cell may still change stay as they are."""
        began = time.time()
        kept = type(self.nb)(self.nb)
        kept["cells"] = [type(cell)(cell) for cell in self.nb.cells]
        for cell in kept["cells"]:
            if cell.get("outputs"):
                cell["outputs"] = joined(cell["outputs"])
        new = os.path.join(os.path.dirname(self.copy), "." + os.path.basename(self.copy) + ".new")
        try:
            with io.open(new, "w", encoding="utf-8") as f:
                nbformat.write(kept, f)
            os.rename(new, self.copy)
        except (IOError, OSError, ValueError) as error:  # such as half a character
            try:
                os.remove(new)
            except OSError:
                pass
            return "cannot save %s: %s" % (self.short(), getattr(error, "strerror", None) or error)
        self.saved = time.time()
        self.took = self.saved - began

    def save_again(self):
        failed = self.save()
        if failed:
            self.stop(failed)
            return
        self.loop.call_later(max(SAVE_EVERY, 20 * self.took), self.save_again)

    def trust(self):
        """Marks the copy as run here: pages hide what is not plain in others."""
        try:
            from nbformat.sign import NotebookNotary
            NotebookNotary().sign(nbformat.read(self.copy, as_version=4))
        except (Exception, SystemExit) as error:
            print("cannot sign the copy: %s" % error, file=sys.stderr)

    def before(self, cell):
        if self.reason:
            raise Stopped(self.reason)
        if self.counts(cell):
            self.number += 1
            tell(say="cell %d of %d: %s" % (self.number, len(self.cells), first_line(cell.source)))

    def behind(self, cell, ran):
        if self.counts(cell) and not ran.cancelled() and ran.exception() is None:
            self.done += 1
            tell(done=self.done)

    def asked(self):
        self.loop.remove_reader(0)
        self.stop(os.read(0, 4096).decode("utf-8", "replace").strip() or "the action was cancelled")

    def stop(self, reason):
        self.reason = self.reason or reason
        if not self.number or self.client.km is None:
            self.task.cancel()  # there is no kernel yet, or no more
            return
        interrupted = self.client.km.interrupt_kernel()
        if inspect.isawaitable(interrupted):
            asyncio.ensure_future(interrupted)
        self.loop.call_later(INTERRUPT, self.task.cancel)

    def execute(self):
        """Runs all, and returns why it did not come to its end."""
        self.loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self.loop)
        self.client = Client(
            self.nb, kernel_manager_class=Manager, resources={"metadata": {"path": os.path.dirname(self.path)}}, timeout=None,
            iopub_timeout=7 * 86400, raise_on_iopub_timeout=True,  # what was printed may come long after the cell's end
        )
        self.client.run = self
        self.task = self.loop.create_task(self.client.async_execute())
        self.loop.add_reader(0, self.asked)
        self.loop.call_later(SAVE_EVERY, self.save_again)
        try:
            self.loop.run_until_complete(self.task)
            return ""
        except (Exception, asyncio.CancelledError) as error:
            return self.reason or words(error)

    def all(self):
        self.kernel()
        self.create()
        failed = self.save()
        if failed:
            end(failed)
        tell(phase="running", copy=self.short(), cells=len(self.cells))
        failed = self.execute()
        if failed and self.number:
            failed = "cell %d of %d: %s" % (self.number, len(self.cells), failed[:MOST])
        unsaved = self.save()
        self.trust()
        end("; ".join(text for text in (failed, unsaved) if text))


def words(error):
    if isinstance(error, CellExecutionError) and getattr(error, "ename", ""):
        return "%s: %s" % (error.ename, error.evalue)
    return "%s: %s" % (type(error).__name__, error)


if __name__ == "__main__":
    Run(sys.argv[1], sys.argv[2]).all()
