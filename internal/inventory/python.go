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
func (l look) serverPython() python {
	for _, name := range []string{"jupyter-lab", "jupyter-notebook", "jupyter-server", "jupyter", "ipython"} {
		text := l.read(l.onPath(name))
		for _, form := range []*regexp.Regexp{interpreter, execLine} {
			if m := form.FindStringSubmatch(text); m != nil && l.exists(m[1]) {
				return l.python(m[1])
			}
		}
	}
	return l.anyPython()
}

func (l look) anyPython() python {
	for _, name := range []string{"python3", "python"} {
		if program := l.onPath(name); program != "" {
			return l.python(program)
		}
	}
	return python{}
}

// python is what there is to know of an interpreter.
func (l look) python(program string) python {
	p := python{program: program, prefix: filepath.Dir(filepath.Dir(program))}
	if m := minorInName.FindStringSubmatch(l.real(program)); m != nil {
		p.version = spark.Fact{Value: m[1], Source: l.real(program)}
	}
	if m := venvVersion.FindStringSubmatch(l.read(p.prefix + "/pyvenv.cfg")); m != nil {
		p.version = spark.Fact{Value: m[1], Source: p.prefix + "/pyvenv.cfg"}
	}
	if m := l.first(p.prefix+"/conda-meta", condaPython); m != nil {
		p.version = spark.Fact{Value: m[1], Source: p.prefix + "/conda-meta/" + m[0]}
	}
	if p.version.Known() {
		p.packages = l.packages(p)
	}
	return p
}

var (
	venvVersion = regexp.MustCompile(`(?m)^version(?:_info)?\s*=\s*([0-9]+\.[0-9]+(\.[0-9]+)?)`)
	condaPython = regexp.MustCompile(`^python-([0-9]+\.[0-9]+\.[0-9]+)-.*\.json$`)
)

// packages are the folders that an interpreter imports from.
func (l look) packages(p python) (out []string) {
	out = filepath.SplitList(l.env("PYTHONPATH"))
	v := strings.Join(strings.SplitN(p.version.Value, ".", 3)[:2], ".")
	major, _, _ := strings.Cut(v, ".")
	lib := p.prefix + "/lib/python"
	if home := l.env("HOME"); home != "" {
		out = append(out, home+"/.local/lib/python"+v+"/site-packages")
	}
	out = append(out, lib+v+"/site-packages")
	cfg := l.read(p.prefix + "/pyvenv.cfg")
	if p.prefix == "/usr" || strings.Contains(cfg, "include-system-site-packages = true") {
		out = append(out, "/usr/local/lib/python"+v+"/dist-packages", "/usr/lib/python"+major+"/dist-packages", "/usr/local/lib/python"+v+"/site-packages")
	}
	return out
}

// kernelPython is the Python that notebooks run on: that of the default kernel,
// else the server's own.
func (l look) kernelPython(server python) python {
	name := l.defaultKernel(server)
	for _, dir := range l.kernelDirs(server) {
		if program := l.kernelProgram(dir + "/kernels/" + name + "/kernel.json"); program != "" {
			if p := l.python(program); p.version.Known() {
				return p
			}
		}
	}
	return server
}

// kernelDirs are where kernels are registered, as Jupyter looks for them.
// Source: https://jupyter-client.readthedocs.io/en/stable/kernels.html#kernel-specs.
func (l look) kernelDirs(server python) []string {
	dirs := filepath.SplitList(l.env("JUPYTER_PATH"))
	if home := l.env("HOME"); home != "" {
		dirs = append(dirs, home+"/.local/share/jupyter")
	}
	return append(dirs, server.prefix+"/share/jupyter", "/usr/local/share/jupyter", "/usr/share/jupyter")
}

// kernelProgram is the Python of a registered kernel. A bare name is the server's
// own: ipykernel registers python3 so.
func (l look) kernelProgram(file string) string {
	var kernel struct {
		Argv     []string `json:"argv"`
		Language string   `json:"language"`
	}
	if json.Unmarshal([]byte(l.read(file)), &kernel) != nil || kernel.Language != "python" || len(kernel.Argv) == 0 {
		return ""
	}
	if program := kernel.Argv[0]; strings.HasPrefix(program, "/") && l.exists(program) {
		return program
	}
	return ""
}

var kernelName = regexp.MustCompile(`(?m)^[^#\n]*default_kernel_name["']?\s*[=:]\s*["']([^"']+)["']`)

// defaultKernel is the name of the kernel that a new notebook gets.
func (l look) defaultKernel(server python) string {
	dirs := slices.Concat(filepath.SplitList(l.env("JUPYTER_CONFIG_PATH")), []string{l.env("HOME") + "/.jupyter", server.prefix + "/etc/jupyter", "/usr/local/etc/jupyter", "/etc/jupyter"})
	for _, dir := range dirs {
		for _, file := range l.glob(dir+"/jupyter_*config.py", dir+"/jupyter_*config.json", dir+"/jupyter_server_config.d/*.json") {
			if m := kernelName.FindStringSubmatch(l.read(file)); m != nil {
				return m[1]
			}
		}
	}
	return "python3"
}

// distribution is the version of an installed Python package.
func (l look) distribution(p python, names ...string) spark.Fact {
	for _, name := range names {
		form := regexp.MustCompile(`^(?i:` + name + `)-([0-9][^-]*)(-py[0-9.]+)?\.(dist-info|egg-info)$`)
		for _, dir := range p.packages {
			if m := l.first(dir, form); m != nil {
				return spark.Fact{Value: m[1], Source: dir + "/" + m[0]}
			}
		}
	}
	return spark.Fact{}
}

func (l look) jupyter(p python) spark.Fact {
	return l.distribution(p, "jupyter_server", "notebook")
}

var pysparkVersion = regexp.MustCompile(`__version__[^=\n]*=\s*["']([^"']+)["']`)

// pyspark is the version of the PySpark that the interpreter imports.
func (l look) pyspark(p python) spark.Fact {
	for _, dir := range p.packages {
		file := dir + "/pyspark/version.py"
		if m := pysparkVersion.FindStringSubmatch(l.read(file)); m != nil {
			return spark.Fact{Value: m[1], Source: file}
		}
	}
	return spark.Fact{}
}
