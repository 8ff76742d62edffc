"""What people ask for and how they type it: one file per command or button, and the way in and out of the desk."""
