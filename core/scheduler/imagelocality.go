package scheduler

import "strings"

// Between these sums of sizes the score rises from 0 to maxScore.
const (
	smallImages int64 = 23 << 20
	largeImage  int64 = 1000 << 20 // a container
)

// scoreImages prefers nodes that have the pod's images already, by size and by
// how many nodes have them (plugins/imagelocality).
func scoreImages(c *cycle) []int64 {
	images := make([]string, 0, len(c.pod.Spec.InitContainers)+len(c.pod.Spec.Containers))
	for i := range c.pod.Spec.InitContainers {
		images = append(images, taggedName(c.pod.Spec.InitContainers[i].Image))
	}
	for i := range c.pod.Spec.Containers {
		images = append(images, taggedName(c.pod.Spec.Containers[i].Image))
	}
	limit := largeImage * int64(len(images))
	spread := make([]float64, len(images))
	for i, image := range images {
		have := 0
		for _, n := range c.Nodes {
			if _, ok := n.images[image]; ok {
				have++
			}
		}
		spread[i] = float64(have) / float64(len(c.Nodes))
	}
	scores := make([]int64, len(c.feasible))
	for i, n := range c.feasible {
		var sum int64
		for j, image := range images {
			sum += int64(float64(n.images[image]) * spread[j])
		}
		sum = min(max(sum, smallImages), limit)
		scores[i] = maxScore * (sum - smallImages) / (limit - smallImages)
	}
	return scores
}

// taggedName adds the tag that is meant when none is given.
func taggedName(image string) string {
	if strings.LastIndex(image, ":") <= strings.LastIndex(image, "/") {
		return image + ":latest"
	}
	return image
}
