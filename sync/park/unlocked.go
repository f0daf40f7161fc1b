package park

// unlockedChannelKind is the channel as Go means it to be used. The parker is
// the same one; who owns it makes the difference.
var unlockedChannelKind = Kind{
	Name:     "unlocked-channel",
	Doc:      "a channel, with an owner that is no thread but a goroutine: what the Go scheduler does in user space when nothing is locked",
	Kernel:   "3.2",
	New:      newChannel,
	Unlocked: true,
}
