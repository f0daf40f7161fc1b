package sock

// Edge records that an edge-triggered epoll set reported data. After it,
// Drained returns false until a read has taken all data. So a connection is not
// forgotten if its session did not read, although the set does not report it
// again.
func (c *Conn) Edge() { c.drained = false }
