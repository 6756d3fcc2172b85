package spec

import "fmt"

// String is, for example, "setWeight: 20".
func (s SetWeight) String() string { return fmt.Sprintf("setWeight: %d", s.Weight) }

// String is, for example, "pause: 30s", with the duration as the manifest has it.
func (p Pause) String() string {
	switch {
	case p.Indefinite:
		return "pause"
	case p.Written != "":
		return "pause: " + p.Written
	default:
		return "pause: " + p.Duration.String()
	}
}

// String is, for example, "setCanaryScale{weight: 25}".
func (s SetCanaryScale) String() string {
	switch {
	case s.Replicas != nil:
		return fmt.Sprintf("setCanaryScale{replicas: %d}", *s.Replicas)
	case s.Weight != nil:
		return fmt.Sprintf("setCanaryScale{weight: %d}", *s.Weight)
	default:
		return fmt.Sprintf("setCanaryScale{matchTrafficWeight: %t}", s.MatchTraffic)
	}
}

// String is, for example, "setHeaderRoute: beta".
func (s SetHeaderRoute) String() string { return "setHeaderRoute: " + s.Name }

// String is, for example, "setMirrorRoute: copy".
func (s SetMirrorRoute) String() string { return "setMirrorRoute: " + s.Name }

// String is "analysis".
func (AnalysisStep) String() string { return "analysis" }

// String is "experiment".
func (ExperimentStep) String() string { return "experiment" }

// String is, for example, "plugin: example/approve".
func (s PluginStep) String() string { return "plugin: " + s.Name }
