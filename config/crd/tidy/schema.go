package main

import "maps"

// openSchema accepts and keeps any value. It is a function because the schemas
// are edited in place.
func openSchema() map[string]any {
	return map[string]any{"x-kubernetes-preserve-unknown-fields": true}
}

// constraints are what the API server checks again when it gets the ReplicaSet
// or the Job. Checking them in the CRD would refuse manifests that are stored
// today, and their rules cost CEL budget.
var constraints = []string{
	"x-kubernetes-validations", "maxItems", "minItems", "maxLength", "minLength", "maximum", "minimum",
}

// walk relaxes every schema at or below node. inPod says that node belongs to
// the schema of a pod or a Job.
func walk(node any, inPod bool) {
	switch n := node.(type) {
	case []any:
		for _, child := range n {
			walk(child, inPod)
		}
	case map[string]any:
		walkMap(n, inPod)
	}
}

func walkMap(schema map[string]any, inPod bool) {
	props, _ := schema["properties"].(map[string]any)
	inPod = inPod || isPodSpec(props) || isJobSpec(props)
	if inPod {
		for _, c := range constraints {
			delete(schema, c)
		}
		relaxQuantities(props)
	}
	trimEmbeddedMeta(props)
	if isPodSpec(props) {
		props["volumes"] = openSchema()
	}
	for _, child := range schema {
		walk(child, inPod)
	}
}

func isPodSpec(props map[string]any) bool {
	return has(props, "containers", "initContainers", "restartPolicy")
}

func isJobSpec(props map[string]any) bool {
	return has(props, "backoffLimit", "completions", "template")
}

// relaxQuantities lets resources be written as YAML numbers such as 0.5, which
// Deployments take and the generated schema refuses.
func relaxQuantities(props map[string]any) {
	if !has(props, "limits", "requests") {
		return
	}
	props["limits"] = openSchema()
	props["requests"] = openSchema()
}

// trimEmbeddedMeta leaves labels and annotations of an embedded object's
// metadata. A name there would be stored, would change the template's hash, and
// would have no effect.
func trimEmbeddedMeta(props map[string]any) {
	meta, _ := props["metadata"].(map[string]any)
	metaProps, _ := meta["properties"].(map[string]any)
	if !has(metaProps, "labels", "annotations", "finalizers") {
		return
	}
	maps.DeleteFunc(metaProps, func(name string, _ any) bool {
		return name != "labels" && name != "annotations"
	})
}

func has(props map[string]any, names ...string) bool {
	for _, name := range names {
		if _, ok := props[name]; !ok {
			return false
		}
	}
	return true
}
