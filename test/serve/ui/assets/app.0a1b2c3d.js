export {} // plain
