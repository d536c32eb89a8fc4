package kubectl

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
)

// volumes describes the kinds of volume that a cluster without storage has;
// the others are only named.
func (s *sheet) volumes(list []corev1.Volume, space string) {
	if len(list) == 0 {
		s.line(0, "%sVolumes:\t<none>", space)
		return
	}
	s.line(0, "%sVolumes:", space)
	if space != "" {
		space = " "
	}
	for _, v := range list {
		s.line(1, "%s%v:", space, v.Name)
		s.volume(v.VolumeSource)
	}
}

func (s *sheet) volume(v corev1.VolumeSource) {
	switch {
	case v.HostPath != nil:
		kind := "<none>"
		if v.HostPath.Type != nil {
			kind = string(*v.HostPath.Type)
		}
		s.volumeType("HostPath (bare host directory volume)", "Path", v.HostPath.Path, "HostPathType", kind)
	case v.EmptyDir != nil:
		limit := "<unset>"
		if v.EmptyDir.SizeLimit != nil && v.EmptyDir.SizeLimit.Sign() > 0 {
			limit = v.EmptyDir.SizeLimit.String()
		}
		s.volumeType("EmptyDir (a temporary directory that shares a pod's lifetime)", "Medium", v.EmptyDir.Medium, "SizeLimit", limit)
	case v.Secret != nil:
		s.volumeType("Secret (a volume populated by a Secret)", "SecretName", v.Secret.SecretName, "Optional", isTrue(v.Secret.Optional))
	case v.ConfigMap != nil:
		s.volumeType("ConfigMap (a volume populated by a ConfigMap)", "Name", v.ConfigMap.Name, "Optional", isTrue(v.ConfigMap.Optional))
	case v.PersistentVolumeClaim != nil:
		s.volumeType("PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)", "ClaimName", v.PersistentVolumeClaim.ClaimName, "ReadOnly", v.PersistentVolumeClaim.ReadOnly)
	case v.DownwardAPI != nil:
		s.line(2, "Type:\tDownwardAPI (a volume populated by information about the pod)\n    Items:")
		for _, item := range v.DownwardAPI.Items {
			if item.FieldRef != nil {
				s.line(3, "%v -> %v", item.FieldRef.FieldPath, item.Path)
			}
			if item.ResourceFieldRef != nil {
				s.line(3, "%v -> %v", item.ResourceFieldRef.Resource, item.Path)
			}
		}
	case v.Projected != nil:
		s.projected(v.Projected)
	default:
		s.line(1, "<unknown>")
	}
}

// volumeType writes the type and then names and values by turns.
func (s *sheet) volumeType(what string, fields ...any) {
	s.line(2, "Type:\t%s", what)
	for i := 0; i+1 < len(fields); i += 2 {
		s.line(2, "%s:\t%s", fields[i], fmt.Sprint(fields[i+1]))
	}
}

func (s *sheet) projected(p *corev1.ProjectedVolumeSource) {
	s.line(2, "Type:\tProjected (a volume that contains injected data from multiple sources)")
	for _, source := range p.Sources {
		switch {
		case source.Secret != nil:
			s.line(2, "SecretName:\t%v", source.Secret.Name)
			s.line(2, "Optional:\t%v", isTrue(source.Secret.Optional))
		case source.DownwardAPI != nil:
			s.line(2, "DownwardAPI:\ttrue")
		case source.ConfigMap != nil:
			s.line(2, "ConfigMapName:\t%v", source.ConfigMap.Name)
			s.line(2, "Optional:\t%v", isTrue(source.ConfigMap.Optional))
		case source.ServiceAccountToken != nil && source.ServiceAccountToken.ExpirationSeconds != nil:
			s.line(2, "TokenExpirationSeconds:\t%d", *source.ServiceAccountToken.ExpirationSeconds)
		}
	}
}
