package cluster

// What happens outside of the cluster and is felt in it.

// Pulls says how the registry answers that an image comes from, from now on:
// "nginx 30s" (each pull takes so much longer), "nginx fail" (it does not
// answer), "nginx normal". An image without a tag is every tag of it.
func (c *Cluster) Pulls(setting string) error {
	if err := c.registry.Set(setting); err != nil {
		return err
	}
	c.did(Pulls, setting)
	return nil
}
