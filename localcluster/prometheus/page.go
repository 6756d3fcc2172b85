package prometheus

import (
	"embed"
	"html/template"
	"net/http"
)

// The page is one document with style and script inside.
var (
	//go:embed page
	files embed.FS
	//go:embed page/page.css
	style template.CSS
	//go:embed page/page.js
	script template.JS

	// Parsed once and never changed.
	queryPage = template.Must(template.ParseFS(files, "page/index.html"))
)

// servePage serves the page to ask queries and to see the targets. It finds
// everything else through the API.
func servePage(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	// The reader may have gone; there is nobody to tell.
	_ = queryPage.Execute(w, map[string]any{
		"Style": style, "Script": script,
		"Interval": Interval.Seconds(), "Retention": Retention.Hours(),
	})
}
