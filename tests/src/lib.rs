//! End-to-end suites, one for each real peer.
