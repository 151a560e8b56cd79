# What an installed prefix holds beyond the programs and modules that their own folders install.
