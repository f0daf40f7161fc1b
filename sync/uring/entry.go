package uring

// Op is what a request asks for: IORING_OP_* of linux/io_uring.h.
type Op uint8

const (
	OpNop       Op = 0
	OpAccept    Op = 13
	OpCancel    Op = 14 // IORING_OP_ASYNC_CANCEL: of the request with user data Addr
	OpSocket    Op = 45 // Linux 5.19, as AcceptMultishot, which cannot be asked for
	OpFutexWait Op = 51 // Linux 6.7
)

// Entry is a request: struct io_uring_sqe, with the fields named for what the
// operations above use them for.
type Entry struct {
	Op       Op
	Flags    uint8
	Priority uint16 // of OpAccept: AcceptMultishot
	FD       int32  // of OpFutexWait: the FUTEX2_* flags
	Off      uint64 // of OpFutexWait: the value to compare with
	Addr     uint64 // of OpFutexWait: see SetWord
	Len      uint32
	OpFlags  uint32 // of OpAccept: the flags of accept4(2)
	UserData uint64 // comes back with the completion
	_        uint32 // buffer, personality
	_        uint32 // file index
	Addr3    uint64 // of OpFutexWait: the bits to be woken on
	_        uint64
}

// AcceptMultishot asks for a completion for each connection until one comes
// without More. Linux 5.19.
const AcceptMultishot = 1

// Flags and bits of OpFutexWait that match what package futex wakes with.
const (
	FutexPrivate32 = 2 | 128 // FUTEX2_SIZE_U32 | FUTEX2_PRIVATE
	FutexAnyBit    = 0xffffffff
)

// Completion is the answer to a request: struct io_uring_cqe.
type Completion struct {
	UserData uint64
	Result   int32 // what the system call would have returned: less than 0 is -errno
	flags    uint32
}

// More reports whether the request stays in the ring and will have further
// completions.
func (c Completion) More() bool { return c.flags&moreFollow != 0 }

const moreFollow = 1 << 1 // IORING_CQE_F_MORE
