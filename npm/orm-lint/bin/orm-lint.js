#!/usr/bin/env node
require("./launch.js")("orm-lint");
