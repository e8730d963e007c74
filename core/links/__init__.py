"""From a link to a file: what a link is, how it is downloaded, what a page names."""
