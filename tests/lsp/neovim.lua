-- The language server, tried by Neovim without a screen: findings, actions, fixes on save, definitions, edits of two files.
-- Says "all is well" and ends with 0, or says what is not and ends with 1.

local function main()
  local function start(buffer)
    local config = { name = "orm-lint", cmd = { vim.env.ORM_LINT, "--lsp" }, root_dir = vim.fn.getcwd() }
    if vim.lsp.start then
      return vim.lsp.start(config, { bufnr = buffer })
    end
    -- Before 0.8.
    _G.client = _G.client or vim.lsp.start_client(config)
    vim.lsp.buf_attach_client(buffer, _G.client)
    return _G.client
  end

  local function open(path)
    vim.cmd("edit " .. path)
    local buffer = vim.api.nvim_get_current_buf()
    assert(start(buffer), "the client does not start")
    return buffer
  end

  local function codes(buffer)
    local found = {}
    for _, diagnostic in ipairs(vim.diagnostic.get(buffer)) do
      table.insert(found, tostring(diagnostic.code or diagnostic.user_data.lsp.code))
    end
    table.sort(found)
    return table.concat(found, " ")
  end

  local function wait_for(buffer, wanted)
    vim.wait(20000, function() return codes(buffer) == wanted end, 20)
    assert(codes(buffer) == wanted, "found: " .. codes(buffer) .. "; wanted: " .. wanted)
  end

  local function lines(buffer)
    return vim.api.nvim_buf_get_lines(buffer, 0, -1, false)
  end

  local function replace(buffer, from, to)
    for i, line in ipairs(lines(buffer)) do
      local start, finish = line:find(from, 1, true)
      if start then
        vim.api.nvim_buf_set_text(buffer, i - 1, start - 1, i - 1, finish, { to })
        return
      end
    end
    error("there is no " .. from)
  end

  local function ask(buffer, method, params)
    local answers = assert(vim.lsp.buf_request_sync(buffer, method, params, 20000), method .. " is not answered")
    local _, answer = next(answers)
    assert(answer and not answer.error, vim.inspect(answers))
    return answer.result
  end

  local function actions(buffer, line, character, only)
    local place = { line = line, character = character }
    return ask(buffer, "textDocument/codeAction", {
      textDocument = { uri = vim.uri_from_bufnr(buffer) },
      range = { start = place, ["end"] = place },
      context = { diagnostics = {}, only = only },
    })
  end

  local notes = open("convex/notes.ts")
  wait_for(notes, "missing-returns unknown-index")

  -- Neovim turns UTF-16 columns into bytes: behind an emoji, that is seen.
  for _, diagnostic in ipairs(vim.diagnostic.get(notes)) do
    if diagnostic.message:find("by_autor", 1, true) then
      local line = lines(notes)[diagnostic.lnum + 1]
      local name = line:sub(diagnostic.col + 1, diagnostic.end_col)
      assert(name == '"by_autor"', name)
    end
  end

  -- All safe fixes, as when a file is saved.
  local found = actions(notes, 0, 0, { "source.fixAll" })
  assert(#found == 1 and found[1].kind == "source.fixAll.orm-lint", vim.inspect(found))
  vim.lsp.util.apply_workspace_edit(found[1].edit, "utf-16")
  wait_for(notes, "unknown-index")
  assert(table.concat(lines(notes), "\n"):find("returns: v.object({ kind: v.string(), notes: v.number() }),", 1, true))

  -- A fix of one finding.
  local titles = {}
  for _, action in ipairs(actions(notes, 7, 78)) do
    table.insert(titles, action.title)
  end
  assert(titles[1] == "Name it `by_author` (unsafe, see unknown-index)", vim.inspect(titles))
  assert(titles[2] == "Ignore unknown-index here, with a reason", vim.inspect(titles))

  -- An edit of the schema is felt in the other buffer.
  local schema = open("convex/schema.ts")
  wait_for(schema, "unused-index")
  replace(schema, "by_author", "by_autor")
  wait_for(schema, "")
  wait_for(notes, "")

  local definition = ask(notes, "textDocument/definition", {
    textDocument = { uri = vim.uri_from_bufnr(notes) },
    position = { line = 7, character = 78 },
  })
  assert(#definition == 1 and definition[1].uri == vim.uri_from_bufnr(schema), vim.inspect(definition))

  replace(schema, "by_autor", "by_author")
  wait_for(notes, "unknown-index")
  local page = ask(notes, "textDocument/hover", {
    textDocument = { uri = vim.uri_from_bufnr(notes) },
    position = { line = 7, character = 78 },
  })
  assert(page.contents.value:find("unknown-index", 1, true), vim.inspect(page))
end

local is_well, problem = xpcall(main, debug.traceback)
io.stderr:write(is_well and "all is well\n" or tostring(problem) .. "\n")
vim.cmd(is_well and "qall!" or "cquit 1")
