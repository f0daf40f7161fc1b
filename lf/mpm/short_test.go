package mpm

const shortServerEnv = "MPM_TEST_SHORT_SERVER"

func shortServer(string) {}
