module github.com/jupyter-docker/jupyter-docker/localjuju

go 1.24.0

require (
	github.com/juju/gnuflag v1.0.0
	go.yaml.in/yaml/v3 v3.0.5
	gopkg.in/check.v1 v1.0.0-20201130134442-10cb98267c6c
)

require (
	github.com/kr/pretty v0.2.1 // indirect
	github.com/kr/text v0.1.0 // indirect
)
