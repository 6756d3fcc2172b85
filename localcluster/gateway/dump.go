package gateway

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// WriteRoutes writes a table for people: which host and path goes where, how
// much of it to a canary, and what could not be served as written.
func WriteRoutes(out io.Writer, table *Table, notes []Note) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "HOST\tPATH\tMATCH\tSHARE\tBACKEND\tENDPOINTS\tSWITCHES\tINGRESS")
	for _, location := range table.Routes.Locations() {
		writeLocation(w, table, location)
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write routes: %w", err)
	}
	for _, note := range notes {
		if _, err := fmt.Fprintf(out, "\nnote: Ingress %s: %s", note.Owner, note.Text); err != nil {
			return fmt.Errorf("write notes: %w", err)
		}
	}
	_, err := fmt.Fprintln(out)
	return err
}

// writeLocation writes one line for the primary, and one for the canary.
func writeLocation(w io.Writer, table *Table, location *Location) {
	host := location.Host
	if host == "" {
		host = "(any other)"
	}
	primary, canary := shares(table, location)
	fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", host, location.Path, location.Match, primary,
		backendText(location.Primary), endpointsText(table.Endpoints[location.Primary]), locationText(location), location.Owner)
	if c := location.Canary; c != nil {
		fmt.Fprintf(w, "\t\tcanary\t%s\t%s\t%s\t%s\t%s\n", canary,
			backendText(c.Backend), endpointsText(table.Endpoints[c.Backend]), canaryText(c), c.Owner)
	}
}

// shares are what primary and canary get of the requests that no switch
// decides. A canary without endpoints gets nothing.
func shares(table *Table, location *Location) (primary, canary string) {
	c := location.Canary
	if c == nil || len(table.Endpoints[c.Backend]) == 0 || len(table.Endpoints[location.Primary]) == 0 {
		return "100%", "0%"
	}
	weight := 100 * float64(min(max(c.Weight, 0), c.Total)) / float64(c.Total)
	return fmt.Sprintf("%.4g%%", 100-weight), fmt.Sprintf("%.4g%%", weight)
}

func backendText(p ServicePort) string {
	return p.Namespace + "/" + p.Service + ":" + p.Port
}

func endpointsText(endpoints []Endpoint) string {
	if len(endpoints) == 0 {
		return "none"
	}
	texts := make([]string, len(endpoints))
	for i, endpoint := range endpoints {
		texts[i] = string(endpoint)
	}
	return strings.Join(texts, ",")
}

func locationText(location *Location) string {
	var texts []string
	if location.Fallback {
		texts = append(texts, "default backend")
	}
	if location.Rewrite != "" {
		texts = append(texts, "rewrite to "+location.Rewrite)
	}
	if location.Redirect {
		texts = append(texts, "redirect to https")
	}
	if location.Affinity != nil {
		texts = append(texts, "affinity by cookie "+location.Affinity.Cookie)
	}
	return dashIfNone(texts)
}

func canaryText(c *Canary) string {
	var texts []string
	switch {
	case c.Header == "":
	case c.HeaderValue != "":
		texts = append(texts, "header "+c.Header+" = "+c.HeaderValue)
	case c.HeaderPattern != "":
		texts = append(texts, "header "+c.Header+" ~ "+c.HeaderPattern)
	default:
		texts = append(texts, "header "+c.Header)
	}
	if c.Cookie != "" {
		texts = append(texts, "cookie "+c.Cookie)
	}
	return dashIfNone(texts)
}

func dashIfNone(texts []string) string {
	if len(texts) == 0 {
		return "-"
	}
	return strings.Join(texts, ", ")
}
