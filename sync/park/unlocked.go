package park

// unlockedChannelKind is the usual Go channel. The parker is that of
// channelKind; only its owner differs.
var unlockedChannelKind = Kind{
	Name:     "unlocked-channel",
	Doc:      "a channel whose owner is a goroutine and not a thread: shows what the Go scheduler does in user space without locked threads",
	Kernel:   "3.2",
	New:      newChannel,
	Unlocked: true,
}
