package uring

// Op is the operation of a request: IORING_OP_* of linux/io_uring.h.
type Op uint8

const (
	OpNop       Op = 0
	OpAccept    Op = 13
	OpCancel    Op = 14 // IORING_OP_ASYNC_CANCEL: cancels the request with user data Addr
	OpSocket    Op = 45 // Linux 5.19, like AcceptMultishot, for which there is no query
	OpFutexWait Op = 51 // Linux 6.7
)

// Entry is a request: struct io_uring_sqe. The fields are named for the
// operations above.
type Entry struct {
	Op       Op
	Flags    uint8
	Priority uint16 // OpAccept: AcceptMultishot
	FD       int32  // OpFutexWait: the FUTEX2_* flags
	Off      uint64 // OpFutexWait: the value to compare with
	Addr     uint64 // OpFutexWait: see SetWord
	Len      uint32
	OpFlags  uint32 // OpAccept: the flags of accept4(2)
	UserData uint64 // the completion returns it
	_        uint32 // buffer, personality
	_        uint32 // file index
	Addr3    uint64 // OpFutexWait: the bits to be woken on
	_        uint64
}

// AcceptMultishot makes an accept complete once for each connection, until a
// completion comes without More. Linux 5.19.
const AcceptMultishot = 1

// Flags and bits of OpFutexWait. They match the wake-ups of package futex.
const (
	FutexPrivate32 = 2 | 128 // FUTEX2_SIZE_U32 | FUTEX2_PRIVATE
	FutexAnyBit    = 0xffffffff
)

// Completion is the result of a request: struct io_uring_cqe.
type Completion struct {
	UserData uint64
	Result   int32 // the result of the system call, or -errno
	flags    uint32
}

// More reports whether the request stays in the ring and will complete again.
func (c Completion) More() bool { return c.flags&moreFollow != 0 }

const moreFollow = 1 << 1 // IORING_CQE_F_MORE
