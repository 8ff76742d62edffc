"""钉钉, a robot of the company's own over HTTP: messages that mention it, answers as text."""
