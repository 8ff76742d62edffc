"""How chat platforms sign, speak and draw; the console's own chat is one of them."""
