package sock

// Edge notes that an epoll set has told of something to be read. Drained
// reports false from then on, until a read has taken it all: also when a
// session that had other things to do did not read, and nothing would tell of
// it again.
func (c *Conn) Edge() { c.drained = false }
