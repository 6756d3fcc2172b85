package plugin

import (
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"

	"sigs.k8s.io/yaml"
)

// ConfigMap is the name of the ConfigMap in the controller's namespace that lists
// the plugins. Without it there are none.
const ConfigMap = "argo-rollouts-config"

// metricsKey is the key of ConfigMap with the metric providers.
const metricsKey = "metricProviderPlugins"

// Item is one plugin of the ConfigMap.
type Item struct {
	// Name is ORGANISATION/NAME, as manifests have it.
	Name string `json:"name"`
	// Location is where the program is: http, https or file.
	Location string `json:"location"`
	// SHA256 of the program, in hexadecimal; "" does not check it.
	SHA256 string `json:"sha256"`
	// Args are given to the program.
	Args []string `json:"args"`
	// HeadersFrom are sent when it is fetched by HTTP.
	HeadersFrom []HeadersFrom `json:"headersFrom"`
}

// HeadersFrom names a Secret of the controller's namespace: every key is a header.
type HeadersFrom struct {
	SecretRef struct {
		Name string `json:"name"`
	} `json:"secretRef"`
}

// ParseMetricProviders reads the metric providers of the ConfigMap's data.
func ParseMetricProviders(data map[string]string) ([]Item, error) {
	return parse(data, metricsKey)
}

func parse(data map[string]string, key string) ([]Item, error) {
	var items []Item
	if err := yaml.Unmarshal([]byte(data[key]), &items); err != nil {
		return nil, fmt.Errorf("ConfigMap %s, key %s: %w", ConfigMap, key, err)
	}
	seen := map[string]bool{}
	for i, item := range items {
		err := item.check()
		if err == nil && seen[item.Name] {
			err = fmt.Errorf("there are two plugins %q", item.Name)
		}
		if err != nil {
			return nil, fmt.Errorf("ConfigMap %s, key %s, item %d: %w", ConfigMap, key, i, err)
		}
		seen[item.Name] = true
	}
	return items, nil
}

// check refuses what would fail later, and names that would leave the folder.
func (i Item) check() error {
	part := `[A-Za-z0-9_-][A-Za-z0-9._-]*`
	if !regexp.MustCompile(`^` + part + `/` + part + `$`).MatchString(i.Name) {
		return fmt.Errorf("plugin name %q is not ORGANISATION/NAME", i.Name)
	}
	if sum, err := hex.DecodeString(i.SHA256); err != nil || len(sum) != 0 && len(sum) != 32 {
		return fmt.Errorf("plugin %s: sha256 %q is not 64 hexadecimal digits", i.Name, i.SHA256)
	}
	for _, scheme := range []string{"http://", "https://", "file://"} {
		if strings.HasPrefix(i.Location, scheme) {
			return nil
		}
	}
	return fmt.Errorf("plugin %s: location %q begins with none of http://, https:// and file://", i.Name, i.Location)
}
