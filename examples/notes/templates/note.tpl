{% args id, text %}
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Note {{id}}</title>
<link rel="stylesheet" href="/static/notes.css">
</head>
<body>
<h1>Note {{id}}</h1>
<form method="post" action="/note/{{id}}">
<textarea name="text" maxlength="2000" required rows="8">
{{text}}</textarea>
<button>Save</button>
<button name="delete" value="1" formnovalidate>Delete</button>
<a href="/">back</a>
</form>
</body>
</html>
