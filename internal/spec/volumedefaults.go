package spec

import corev1 "k8s.io/api/core/v1"

// defaultMode is the mode of files that volumes make, rw-r--r--.
const defaultMode int32 = 0o644

// tokenSeconds is how long a projected service account token lives. Unit: seconds.
const tokenSeconds int64 = 3600

// fillVolumeDefaults is the part of fillPodDefaults that is about volumes.
func fillVolumeDefaults(v *corev1.VolumeSource) {
	if *v == (corev1.VolumeSource{}) {
		v.EmptyDir = &corev1.EmptyDirVolumeSource{}
	}
	if v.Secret != nil {
		orPointer(&v.Secret.DefaultMode, defaultMode)
	}
	if v.ConfigMap != nil {
		orPointer(&v.ConfigMap.DefaultMode, defaultMode)
	}
	if v.DownwardAPI != nil {
		orPointer(&v.DownwardAPI.DefaultMode, defaultMode)
		fillItemDefaults(v.DownwardAPI.Items)
	}
	if v.Projected != nil {
		fillProjectedDefaults(v.Projected)
	}
	if v.HostPath != nil {
		orPointer(&v.HostPath.Type, corev1.HostPathUnset)
	}
	if v.Image != nil {
		or(&v.Image.PullPolicy, pullPolicy(v.Image.Reference))
	}
	if v.Ephemeral != nil && v.Ephemeral.VolumeClaimTemplate != nil {
		orPointer(&v.Ephemeral.VolumeClaimTemplate.Spec.VolumeMode, corev1.PersistentVolumeFilesystem)
	}
	fillNetworkVolumeDefaults(v)
}

func fillNetworkVolumeDefaults(v *corev1.VolumeSource) {
	if v.ISCSI != nil {
		or(&v.ISCSI.ISCSIInterface, "default")
	}
	if v.RBD != nil {
		or(&v.RBD.RBDPool, "rbd")
		or(&v.RBD.RadosUser, "admin")
		or(&v.RBD.Keyring, "/etc/ceph/keyring")
	}
	if v.AzureDisk != nil {
		orPointer(&v.AzureDisk.CachingMode, corev1.AzureDataDiskCachingReadWrite)
		orPointer(&v.AzureDisk.Kind, corev1.AzureSharedBlobDisk)
		orPointer(&v.AzureDisk.FSType, "ext4")
		orPointer(&v.AzureDisk.ReadOnly, false)
	}
	if v.ScaleIO != nil {
		or(&v.ScaleIO.StorageMode, "ThinProvisioned")
		or(&v.ScaleIO.FSType, "xfs")
	}
}

func fillProjectedDefaults(p *corev1.ProjectedVolumeSource) {
	orPointer(&p.DefaultMode, defaultMode)
	for i := range p.Sources {
		if api := p.Sources[i].DownwardAPI; api != nil {
			fillItemDefaults(api.Items)
		}
		if token := p.Sources[i].ServiceAccountToken; token != nil {
			orPointer(&token.ExpirationSeconds, tokenSeconds)
		}
	}
}

func fillItemDefaults(items []corev1.DownwardAPIVolumeFile) {
	for i := range items {
		fillFieldRefDefaults(items[i].FieldRef)
	}
}
