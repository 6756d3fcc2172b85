package view

import "strings"

// Icons, one column wide each.
const (
	iconHealthy      = "✔"
	iconProgressing  = "◌"
	iconPaused       = "॥"
	iconPending      = "◷"
	iconFailed       = "✖"
	iconWarning      = "⚠"
	iconUnknown      = "?"
	iconScaledDown   = "•"
	iconNone         = " "
	iconRollout      = "⟳"
	iconRevision     = "#"
	iconReplicaSet   = "⧉"
	iconPod          = "□"
	iconExperiment   = "Σ"
	iconAnalysisRun  = "α"
	iconJob          = "⊞"
	experimentTagSep = "Σ:"
)

// rolloutIcon is the icon of a Rollout's phase.
func rolloutIcon(phase string) string {
	switch phase {
	case "Healthy":
		return iconHealthy
	case "Progressing":
		return iconProgressing
	case "Paused":
		return iconPaused
	case "Degraded":
		return iconFailed
	case "Error", "InvalidSpec":
		return iconWarning
	case "Unknown":
		return iconUnknown
	case "ScaledDown":
		return iconScaledDown
	default:
		return iconNone
	}
}

// analysisIcon is the icon of the phase of an analysis, an Experiment or a Job.
func analysisIcon(phase string) string {
	switch phase {
	case "Pending":
		return iconPending
	case "Running":
		return iconProgressing
	case "Successful":
		return iconHealthy
	case "Failed":
		return iconFailed
	case "Error":
		return iconWarning
	case "Inconclusive":
		return iconUnknown
	default:
		return iconNone
	}
}

// replicaSetIcon is the icon of a ReplicaSet's health.
func replicaSetIcon(health string) string {
	switch health {
	case healthProgressing:
		return iconProgressing
	case healthHealthy:
		return iconHealthy
	case healthReplicaFailure:
		return iconFailed
	case healthScaledDown:
		return iconScaledDown
	default:
		return iconNone
	}
}

// podIcon is the icon of a pod's reason. The order matters: Init:Error is an
// init container at work, not a warning.
func podIcon(reason string) string {
	switch {
	case strings.HasPrefix(reason, "Init:"):
		return iconProgressing
	case strings.HasPrefix(reason, "Signal:"), strings.HasPrefix(reason, "ExitCode:"):
		return iconFailed
	case strings.HasSuffix(reason, "Error"), strings.HasPrefix(reason, "Err"):
		return iconWarning
	}
	switch reason {
	case "Pending", "Terminating", "ContainerCreating":
		return iconProgressing
	case "Running", "Completed":
		return iconHealthy
	case "Failed", "InvalidImageName", "CrashLoopBackOff":
		return iconFailed
	case "ImagePullBackOff", "RegistryUnavailable":
		return iconWarning
	case "Unknown":
		return iconUnknown
	default:
		return iconNone
	}
}

// iconTone is the colour of an icon.
func iconTone(icon string) Tone {
	switch icon {
	case iconPending, iconUnknown:
		return ToneWaiting
	case iconProgressing:
		return ToneBusy
	case iconWarning, iconFailed:
		return ToneBad
	case iconHealthy:
		return ToneGood
	default:
		return TonePlain
	}
}

// analysisTone is the colour of the name of an analysis, an Experiment or a Job.
func analysisTone(phase string) Tone {
	if phase == "Pending" {
		return ToneBusy
	}
	return iconTone(analysisIcon(phase))
}

// tagTone is the colour of a tag. The delay and Experiment tags have none.
func tagTone(tag string) Tone {
	switch tag {
	case tagStable, tagActive:
		return ToneGood
	case tagCanary:
		return ToneWaiting
	case tagPreview, tagPing, tagPong:
		return ToneBusy
	default:
		return TonePlain
	}
}
