"""Writers of documents: each turns a postmortem into the bytes of one format, without files, network, or clock."""
