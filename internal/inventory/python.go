package inventory

import (
	"encoding/json"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/jupyter-docker/jupyter-docker/internal/spark"
)

// python is an interpreter of the image.
type python struct {
	program  string // "" for none
	version  spark.Fact
	prefix   string   // /usr, /opt/venv ...
	packages []string // folders that it imports from, first ones first
}

var (
	interpreter = regexp.MustCompile(`^#!\s*(/\S*python[0-9.]*)`)
	execLine    = regexp.MustCompile(`(?m)^'''exec' "?(/[^"\s]*python[0-9.]*)"?`)
	minorInName = regexp.MustCompile(`python([0-9]+\.[0-9]+)$`)
)

// serverPython is the Python that Jupyter's server runs on: the one that the
// first line of its program names.
func (t tree) serverPython() python {
	for _, name := range []string{"jupyter-lab", "jupyter-notebook", "jupyter-server", "jupyter", "ipython"} {
		text := t.read(t.onPath(name))
		for _, form := range []*regexp.Regexp{interpreter, execLine} {
			if m := form.FindStringSubmatch(text); m != nil && t.exists(m[1]) {
				return t.python(m[1])
			}
		}
	}
	return t.anyPython()
}

func (t tree) anyPython() python {
	for _, name := range []string{"python3", "python"} {
		if program := t.onPath(name); program != "" {
			return t.python(program)
		}
	}
	return python{}
}

// python is what there is to know of an interpreter.
func (t tree) python(program string) python {
	p := python{program: program, prefix: filepath.Dir(filepath.Dir(program))}
	if m := minorInName.FindStringSubmatch(t.real(program)); m != nil {
		p.version = spark.Fact{Value: m[1], Source: t.real(program)}
	}
	if m := venvVersion.FindStringSubmatch(t.read(p.prefix + "/pyvenv.cfg")); m != nil {
		p.version = spark.Fact{Value: m[1], Source: p.prefix + "/pyvenv.cfg"}
	}
	if m := t.first(p.prefix+"/conda-meta", condaPython); m != nil {
		p.version = spark.Fact{Value: m[1], Source: p.prefix + "/conda-meta/" + m[0]}
	}
	if p.version.Known() {
		p.packages = t.packages(p)
	}
	return p
}

var (
	venvVersion = regexp.MustCompile(`(?m)^version(?:_info)?\s*=\s*([0-9]+\.[0-9]+(\.[0-9]+)?)`)
	condaPython = regexp.MustCompile(`^python-([0-9]+\.[0-9]+\.[0-9]+)-.*\.json$`)
)

// packages are the folders that an interpreter imports from.
func (t tree) packages(p python) (out []string) {
	out = filepath.SplitList(t.env("PYTHONPATH"))
	v := strings.Join(strings.SplitN(p.version.Value, ".", 3)[:2], ".")
	major, _, _ := strings.Cut(v, ".")
	lib := p.prefix + "/lib/python"
	if home := t.env("HOME"); home != "" {
		out = append(out, home+"/.local/lib/python"+v+"/site-packages")
	}
	out = append(out, lib+v+"/site-packages")
	cfg := t.read(p.prefix + "/pyvenv.cfg")
	if p.prefix == "/usr" || strings.Contains(cfg, "include-system-site-packages = true") {
		out = append(out, "/usr/local/lib/python"+v+"/dist-packages", "/usr/lib/python"+major+"/dist-packages", "/usr/local/lib/python"+v+"/site-packages")
	}
	return out
}

// kernelPython is the Python that notebooks run on: that of the default kernel,
// else the server's own.
func (t tree) kernelPython(server python) python {
	name := t.defaultKernel(server)
	for _, dir := range t.kernelDirs(server) {
		if program := t.kernelProgram(dir + "/kernels/" + name + "/kernel.json"); program != "" {
			if p := t.python(program); p.version.Known() {
				return p
			}
		}
	}
	return server
}

// kernelDirs are where kernels are registered, as Jupyter looks for them.
// Source: https://jupyter-client.readthedocs.io/en/stable/kernels.html#kernel-specs.
func (t tree) kernelDirs(server python) []string {
	dirs := filepath.SplitList(t.env("JUPYTER_PATH"))
	if home := t.env("HOME"); home != "" {
		dirs = append(dirs, home+"/.local/share/jupyter")
	}
	return append(dirs, server.prefix+"/share/jupyter", "/usr/local/share/jupyter", "/usr/share/jupyter")
}

// kernelProgram is the Python of a registered kernel. A bare name is the server's
// own: ipykernel registers python3 so.
func (t tree) kernelProgram(file string) string {
	var kernel struct {
		Argv     []string `json:"argv"`
		Language string   `json:"language"`
	}
	if json.Unmarshal([]byte(t.read(file)), &kernel) != nil || kernel.Language != "python" || len(kernel.Argv) == 0 {
		return ""
	}
	if program := kernel.Argv[0]; strings.HasPrefix(program, "/") && t.exists(program) {
		return program
	}
	return ""
}

var kernelName = regexp.MustCompile(`(?m)^[^#\n]*default_kernel_name["']?\s*[=:]\s*["']([^"']+)["']`)

// defaultKernel is the name of the kernel that a new notebook gets.
func (t tree) defaultKernel(server python) string {
	dirs := slices.Concat(filepath.SplitList(t.env("JUPYTER_CONFIG_PATH")), []string{t.env("HOME") + "/.jupyter", server.prefix + "/etc/jupyter", "/usr/local/etc/jupyter", "/etc/jupyter"})
	for _, dir := range dirs {
		for _, file := range t.glob(dir+"/jupyter_*config.py", dir+"/jupyter_*config.json", dir+"/jupyter_server_config.d/*.json") {
			if m := kernelName.FindStringSubmatch(t.read(file)); m != nil {
				return m[1]
			}
		}
	}
	return "python3"
}

// distribution is the version of an installed Python package.
func (t tree) distribution(p python, names ...string) spark.Fact {
	for _, name := range names {
		form := regexp.MustCompile(`^(?i:` + name + `)-([0-9][^-]*)(-py[0-9.]+)?\.(dist-info|egg-info)$`)
		for _, dir := range p.packages {
			if m := t.first(dir, form); m != nil {
				return spark.Fact{Value: m[1], Source: dir + "/" + m[0]}
			}
		}
	}
	return spark.Fact{}
}

func (t tree) jupyter(p python) spark.Fact {
	return t.distribution(p, "jupyter_server", "notebook")
}

var pysparkVersion = regexp.MustCompile(`__version__[^=\n]*=\s*["']([^"']+)["']`)

// pyspark is the version of the PySpark that the interpreter imports.
func (t tree) pyspark(p python) spark.Fact {
	for _, dir := range p.packages {
		file := dir + "/pyspark/version.py"
		if m := pysparkVersion.FindStringSubmatch(t.read(file)); m != nil {
			return spark.Fact{Value: m[1], Source: file}
		}
	}
	return spark.Fact{}
}
