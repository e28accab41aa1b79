package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"

	"github.com/jupyter-docker/jupyter-docker/internal/spark"
)

// get reads a page, without any proxy of the environment; whatever it answers.
func get(ctx context.Context, url string) (code int, body []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, nil, fmt.Errorf("cannot ask %s: %v", url, err)
	}
	req.Header.Set("Accept", "application/json, text/html")
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	resp, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		return 0, nil, fmt.Errorf("%s %s", url, reason(err))
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(io.LimitReader(resp.Body, 4<<20))
	return resp.StatusCode, body, err
}

// What a master's page and its REST server say of their version. The ports are
// Spark's defaults: neither can be told from spark://host:port.
// Source: Spark's MasterPage.scala and StandaloneRestServer.scala.
const (
	masterPage = 8080
	masterREST = 6066
)

var (
	versionInPage = regexp.MustCompile(`class="version"[^>]*>\s*([0-9][^<\s]*)\s*<`)
	errNoVersion  = errors.New("the master's version is not known: its page does not answer on port 8080, nor its REST server on 6066: give it by cluster-versions")
)

// askMasters asks the first of several masters that answers.
func askMasters(ctx context.Context, masters []spark.Address) (spark.Facts, error) {
	for _, master := range masters {
		page := "http://" + spark.Address{Host: master.Host, Port: masterPage}.String() + "/"
		if _, body, err := get(ctx, page); err == nil {
			if found := versionInPage.FindSubmatch(body); found != nil {
				return spark.Facts{Spark: spark.Fact{Value: string(found[1]), Source: "page of the master, " + page}}, nil
			}
		}
		rest := "http://" + spark.Address{Host: master.Host, Port: masterREST}.String() + "/"
		if _, body, err := get(ctx, rest); err == nil {
			var said struct {
				Version string `json:"serverSparkVersion"`
			}
			if json.Unmarshal(body, &said) == nil && said.Version != "" {
				return spark.Facts{Spark: spark.Fact{Value: said.Version, Source: "REST of the master, " + rest}}, nil
			}
		}
	}
	return spark.Facts{}, errNoVersion
}

// askResourceManagers asks the first that answers; one on stand-by tells as much.
// Source: https://hadoop.apache.org/docs/stable/hadoop-yarn/hadoop-yarn-site/ResourceManagerRest.html.
func askResourceManagers(ctx context.Context, pages []string) (spark.Facts, error) {
	err := errors.New("the version of Hadoop is not known: no resource manager is named: give it by cluster-versions")
	for _, page := range pages {
		url := page + "/ws/v1/cluster/info"
		code, body, failed := get(ctx, url)
		var said struct {
			Info struct {
				Version string `json:"hadoopVersion"`
			} `json:"clusterInfo"`
		}
		switch {
		case failed != nil:
			err = fmt.Errorf("the version of Hadoop is not known: %v", failed)
		case code != http.StatusOK || json.Unmarshal(body, &said) != nil || said.Info.Version == "":
			err = fmt.Errorf("the version of Hadoop is not known: %s answers %d: give it by cluster-versions", url, code)
		default:
			return spark.Facts{Hadoop: spark.Fact{Value: said.Info.Version, Source: "resource manager, " + url}}, nil
		}
	}
	return spark.Facts{}, err
}
