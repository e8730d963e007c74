<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="zh_CN" sourcelanguage="en">
<context>
    <name>window</name>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>&amp;Add files…</source>
        <translation>添加文件(&amp;A)…</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <location filename="../../gui/choosers.py"/>
        <source>Add images</source>
        <translation>添加图片</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Add &amp;folder…</source>
        <translation>添加文件夹(&amp;F)…</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <location filename="../../gui/choosers.py"/>
        <source>Add a folder of images</source>
        <translation>添加一个图片文件夹</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>W&amp;hat of folders is taken…</source>
        <translation>文件夹中取哪些内容(&amp;H)…</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Choose what is left out of folders: patterns, formats, small files</source>
        <translation>选择文件夹中要忽略的内容：模式、格式、小文件</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>What &amp;would be made…</source>
        <translation>预览将生成的内容(&amp;W)…</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Look at what would be written, replaced and skipped, and how large it would be</source>
        <translation>查看将写入、替换和跳过哪些文件，以及它们的大小</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>&amp;Paste</source>
        <translation>粘贴(&amp;P)</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Add copied files, links or a copied picture</source>
        <translation>添加已复制的文件、链接或图片</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>&amp;Watched folders…</source>
        <translation>监视的文件夹(&amp;W)…</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Add what arrives in folders by itself</source>
        <translation>自动添加文件夹中新到的内容</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>&amp;Recipes…</source>
        <translation>配方(&amp;R)…</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Make, change, import and export recipes</source>
        <translation>创建、修改、导入和导出配方</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Save a &amp;report…</source>
        <translation>保存报告(&amp;R)…</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Save what became of each image, as CSV or JSON</source>
        <translation>将每张图片的处理结果保存为 CSV 或 JSON</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>&amp;History…</source>
        <translation>历史(&amp;H)…</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <location filename="../../gui/history.py"/>
        <source>What was done on which day</source>
        <translation>每天完成了什么</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>&amp;Machines…</source>
        <translation>电脑(&amp;M)…</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Workers on other machines, and how to add one</source>
        <translation>其他电脑上的工作程序，以及如何添加</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>&amp;Export waiting images…</source>
        <translation>导出等待中的图片(&amp;E)…</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Write what waits into a file, for another machine</source>
        <translation>将等待中的内容写入文件，供另一台电脑使用</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>&amp;Import a queue…</source>
        <translation>导入队列(&amp;I)…</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Take in what another machine has exported</source>
        <translation>接收另一台电脑导出的内容</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Export fa&amp;ilures…</source>
        <translation>导出失败项(&amp;I)…</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Save what failed and why, as CSV or JSON</source>
        <translation>将失败的内容及原因保存为 CSV 或 JSON</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <location filename="../../gui/when_done.py"/>
        <source>&amp;Quit</source>
        <translation>退出(&amp;Q)</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Start</source>
        <translation>开始</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>S&amp;top</source>
        <translation>停止(&amp;T)</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Pause, and put the running images back in the queue</source>
        <translation>暂停，并将处理中的图片放回队列</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Do &amp;next</source>
        <translation>接下来处理(&amp;N)</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Do l&amp;ast</source>
        <translation>最后处理(&amp;A)</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <location filename="../../gui/recipes/deeds.py"/>
        <source>Move &amp;up</source>
        <translation>上移(&amp;U)</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Move do&amp;wn</source>
        <translation>下移(&amp;W)</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <location filename="../../gui/columns.py"/>
        <location filename="../../gui/inspector.py"/>
        <location filename="../../gui/watched_folders.py"/>
        <source>Priority</source>
        <translation>优先级</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Change rec&amp;ipe…</source>
        <translation>更改配方(&amp;I)…</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>H&amp;old</source>
        <translation>暂缓(&amp;O)</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Re&amp;lease</source>
        <translation>放行(&amp;L)</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>&amp;Cancel</source>
        <translation>取消(&amp;C)</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Make a&amp;gain</source>
        <translation>重新生成(&amp;G)</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Move what was made to the &amp;trash…</source>
        <translation>将生成的文件移到回收站(&amp;T)…</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>&amp;Retry</source>
        <translation>重试(&amp;R)</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Re&amp;move from the list</source>
        <translation>从列表中移除(&amp;M)</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Open the res&amp;ult</source>
        <translation>打开结果(&amp;U)</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Show the result in its folder</source>
        <translation>在文件夹中显示结果</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Show the source in its folder</source>
        <translation>在文件夹中显示源文件</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Copy &amp;path</source>
        <translation>复制路径(&amp;P)</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Copy &amp;message</source>
        <translation>复制消息(&amp;M)</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Retry all &amp;failed</source>
        <translation>重试所有失败项(&amp;F)</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Try all failed images again</source>
        <translation>再次尝试所有失败的图片</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Sho&amp;w what failed</source>
        <translation>显示失败项(&amp;W)</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>List what failed, by its kind</source>
        <translation>按类别列出失败项</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>C&amp;lear finished</source>
        <translation>清除已结束的项(&amp;L)</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Take what is done, skipped or cancelled off the list; files stay</source>
        <translation>从列表中移除已完成、已跳过或已取消的项；文件保留</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <location filename="../../gui/recipes/deeds.py"/>
        <location filename="../../gui/undoing.py"/>
        <source>&amp;Undo</source>
        <translation>撤销(&amp;U)</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <location filename="../../gui/undoing.py"/>
        <source>R&amp;edo</source>
        <translation>重做(&amp;E)</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>&amp;Preferences…</source>
        <translation>首选项(&amp;P)…</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Workers, limits, and what else can be set</source>
        <translation>工作进程、限制以及其他设置</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>&amp;Find</source>
        <translation>查找(&amp;F)</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Select &amp;all</source>
        <translation>全选(&amp;A)</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <location filename="../../gui/preferences.py"/>
        <source>Compare files by &amp;content</source>
        <translation>按内容比较文件(&amp;C)</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Tell by what a file holds whether it has changed since it was made, not by its time</source>
        <translation>根据文件内容而不是时间判断它自处理后是否有变化</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>&amp;Details</source>
        <translation>详细信息(&amp;D)</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Show or hide details</source>
        <translation>显示或隐藏详细信息</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>&amp;About Image Queue</source>
        <translation>关于 Image Queue(&amp;A)</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Copy dia&amp;gnostics…</source>
        <translation>复制诊断信息(&amp;G)…</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Versions, settings and the last errors</source>
        <translation>版本、设置和最近的错误</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>&amp;Keyboard shortcuts</source>
        <translation>键盘快捷键(&amp;K)</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Show &amp;hints again</source>
        <translation>再次显示提示(&amp;H)</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Bring back the hints of the first days</source>
        <translation>恢复最初几天的提示</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>&amp;Priority</source>
        <translation>优先级(&amp;P)</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>&amp;High</source>
        <translation>高(&amp;H)</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>&amp;Normal</source>
        <translation>普通(&amp;N)</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>&amp;Low</source>
        <translation>低(&amp;L)</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Pause</source>
        <translation>暂停</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Start nothing new; running images finish</source>
        <translation>不再开始新的图片；处理中的图片会完成</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Go on</source>
        <translation>继续</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>As the &amp;system</source>
        <translation>跟随系统(&amp;S)</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>&amp;Light</source>
        <translation>浅色(&amp;L)</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>&amp;Dark</source>
        <translation>深色(&amp;D)</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Pausing, {0} finishing</source>
        <translation>正在暂停，{0} 张即将完成</translation>
    </message>
    <message>
        <location filename="../../gui/added.py"/>
        <location filename="../../gui/dry_run.py"/>
        <source>No images were found.</source>
        <translation>未找到图片。</translation>
    </message>
    <message>
        <location filename="../../gui/added.py"/>
        <source>1 was here already</source>
        <translation>1 张已在此处</translation>
    </message>
    <message>
        <location filename="../../gui/added.py"/>
        <source>{n} were here already</source>
        <translation>{n} 张已在此处</translation>
    </message>
    <message>
        <location filename="../../gui/added.py"/>
        <source>1 was made by this recipe and is left out</source>
        <translation>1 张由此配方生成，被忽略</translation>
    </message>
    <message>
        <location filename="../../gui/added.py"/>
        <source>{n} were made by this recipe and are left out</source>
        <translation>{n} 张由此配方生成，被忽略</translation>
    </message>
    <message>
        <location filename="../../gui/added.py"/>
        <source>1 is not an image</source>
        <translation>1 个不是图片</translation>
    </message>
    <message>
        <location filename="../../gui/added.py"/>
        <source>{n} are not images</source>
        <translation>{n} 个不是图片</translation>
    </message>
    <message>
        <location filename="../../gui/added.py"/>
        <source>1 is left out</source>
        <translation>1 个被忽略</translation>
    </message>
    <message>
        <location filename="../../gui/added.py"/>
        <source>{n} are left out</source>
        <translation>{n} 个被忽略</translation>
    </message>
    <message>
        <location filename="../../gui/added.py"/>
        <source>1 could not be read</source>
        <translation>1 个无法读取</translation>
    </message>
    <message>
        <location filename="../../gui/added.py"/>
        <source>{n} could not be read</source>
        <translation>{n} 个无法读取</translation>
    </message>
    <message>
        <location filename="../../gui/added.py"/>
        <source>then stopped</source>
        <translation>然后停止</translation>
    </message>
    <message>
        <location filename="../../gui/added.py"/>
        <source>What is made of {0} goes to {1}, as there is no original to replace.</source>
        <translation>由 {0} 生成的文件将放到 {1}，因为没有可替换的原文件。</translation>
    </message>
    <message>
        <location filename="../../gui/added.py"/>
        <source>What is made of {0} goes to {1}.</source>
        <translation>由 {0} 生成的文件将放到 {1}。</translation>
    </message>
    <message>
        <location filename="../../gui/added.py"/>
        <source>Added {0}</source>
        <translation>已添加 {0}</translation>
    </message>
    <message>
        <location filename="../../gui/added.py"/>
        <source>{0}.</source>
        <translation>{0}。</translation>
    </message>
    <message>
        <location filename="../../gui/added.py"/>
        <source>1 could have the name of another and gets a number.</source>
        <translation>1 个可能与其他重名，将加上编号。</translation>
    </message>
    <message>
        <location filename="../../gui/added.py"/>
        <source>{n} could have the name of another and get a number.</source>
        <translation>{n} 个可能与其他重名，将加上编号。</translation>
    </message>
    <message>
        <location filename="../../gui/added.py"/>
        <source>, </source>
        <translation>，</translation>
    </message>
    <message>
        <location filename="../../gui/added.py"/>
        <source>links</source>
        <translation>链接</translation>
    </message>
    <message>
        <location filename="../../gui/adding.py"/>
        <source>Stop adding</source>
        <translation>停止添加</translation>
    </message>
    <message>
        <location filename="../../gui/adding.py"/>
        <source>Why?</source>
        <translation>为什么？</translation>
    </message>
    <message>
        <location filename="../../gui/adding.py"/>
        <location filename="../../gui/commands.py"/>
        <location filename="../../gui/recipes/changing.py"/>
        <location filename="../../gui/recipes/editor.py"/>
        <source>Undo</source>
        <translation>撤销</translation>
    </message>
    <message>
        <location filename="../../gui/adding.py"/>
        <source>Take off the list what was added and has not run yet</source>
        <translation>把已添加但尚未处理的移出列表</translation>
    </message>
    <message>
        <location filename="../../gui/adding.py"/>
        <source>Close this summary</source>
        <translation>关闭此摘要</translation>
    </message>
    <message>
        <location filename="../../gui/adding.py"/>
        <source>What is made of it goes to {0}.</source>
        <translation>生成的文件将放到 {0}。</translation>
    </message>
    <message>
        <location filename="../../gui/adding.py"/>
        <source>What was not added, and why</source>
        <translation>未添加的内容及原因</translation>
    </message>
    <message>
        <location filename="../../gui/adding.py"/>
        <source>What of folders is &amp;taken…</source>
        <translation>文件夹中取哪些内容(&amp;T)…</translation>
    </message>
    <message>
        <location filename="../../gui/adding.py"/>
        <source>Added the picture.</source>
        <translation>已添加图片。</translation>
    </message>
    <message>
        <location filename="../../gui/adding.py"/>
        <source>Added {n} pictures.</source>
        <translation>已添加 {n} 张图片。</translation>
    </message>
    <message>
        <location filename="../../gui/adding.py"/>
        <source>Adding… {0} so far</source>
        <translation>正在添加… 目前 {0}</translation>
    </message>
    <message>
        <location filename="../../gui/adding.py"/>
        <source>, {0} files looked at</source>
        <translation>，已查看 {0} 个文件</translation>
    </message>
    <message>
        <location filename="../../gui/batch_report.py"/>
        <source>Save what failed</source>
        <translation>保存失败项</translation>
    </message>
    <message>
        <location filename="../../gui/batch_report.py"/>
        <source>Save a report</source>
        <translation>保存报告</translation>
    </message>
    <message>
        <location filename="../../gui/batch_report.py"/>
        <source>For a spreadsheet (*.csv)</source>
        <translation>用于电子表格 (*.csv)</translation>
    </message>
    <message>
        <location filename="../../gui/batch_report.py"/>
        <source>For programs (*.json)</source>
        <translation>用于程序 (*.json)</translation>
    </message>
    <message>
        <location filename="../../gui/batch_report.py"/>
        <source>Saved a report of {0} to {1}.</source>
        <translation>{0}的报告已保存到 {1}。</translation>
    </message>
    <message>
        <location filename="../../gui/batch_report.py"/>
        <source>1 output is missing or was changed.</source>
        <translation>1 个输出缺失或已被更改。</translation>
    </message>
    <message>
        <location filename="../../gui/batch_report.py"/>
        <source>{n} outputs are missing or were changed.</source>
        <translation>{n} 个输出缺失或已被更改。</translation>
    </message>
    <message>
        <location filename="../../gui/choosers.py"/>
        <location filename="../../gui/queue_files.py"/>
        <location filename="../../gui/recipes/preview_pane.py"/>
        <source>All files (*)</source>
        <translation>所有文件 (*)</translation>
    </message>
    <message>
        <location filename="../../gui/choosers.py"/>
        <location filename="../../gui/recipes/preview_pane.py"/>
        <source>Images ({0})</source>
        <translation>图片 ({0})</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <source>#</source>
        <translation>#</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <source>Preview</source>
        <translation>预览</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <location filename="../../gui/machine_fields.py"/>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Name</source>
        <translation>名称</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <location filename="../../gui/recipes/labels.py"/>
        <location filename="../../gui/watched_folders.py"/>
        <source>Folder</source>
        <translation>文件夹</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <source>State</source>
        <translation>状态</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <source>Message</source>
        <translation>消息</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <location filename="../../gui/comparison.py"/>
        <location filename="../../gui/history.py"/>
        <location filename="../../gui/inspector.py"/>
        <location filename="../../gui/job_pictures.py"/>
        <source>Before</source>
        <translation>处理前</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <location filename="../../gui/comparison.py"/>
        <location filename="../../gui/history.py"/>
        <location filename="../../gui/inspector.py"/>
        <location filename="../../gui/job_pictures.py"/>
        <source>After</source>
        <translation>处理后</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <location filename="../../gui/history.py"/>
        <location filename="../../gui/inspector.py"/>
        <source>Saved</source>
        <translation>节省</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <location filename="../../gui/inspector.py"/>
        <source>Dimensions</source>
        <translation>尺寸</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <location filename="../../gui/history.py"/>
        <location filename="../../gui/inspector.py"/>
        <location filename="../../gui/recipe_bar.py"/>
        <location filename="../../gui/watched_folders.py"/>
        <source>Recipe</source>
        <translation>配方</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <location filename="../../gui/inspector.py"/>
        <source>Attempts</source>
        <translation>尝试次数</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <source>Retry in</source>
        <translation>重试倒计时</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <location filename="../../gui/inspector.py"/>
        <source>Took</source>
        <translation>用时</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <location filename="../../gui/inspector.py"/>
        <source>Added</source>
        <translation>添加时间</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <source>Place in the queue. Sorted by it, images can be dragged to another place.</source>
        <translation>在队列中的位置。按它排序时，可以把图片拖到别的位置。</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <source>What the image looks like</source>
        <translation>图片的样子</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <source>Higher ones run first</source>
        <translation>数值高的先处理</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <source>Why it failed, waits or was skipped, and which other machine works on it</source>
        <translation>失败、等待或跳过的原因，以及正在处理的其他电脑</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <source>Size of the source</source>
        <translation>源文件的大小</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <source>Size of all outputs together</source>
        <translation>所有输出的总大小</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <source>How much smaller the outputs are than the source</source>
        <translation>输出比源文件小多少</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <source>Width and height of the source, pixels</source>
        <translation>源图片的宽度和高度，像素</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <source>Attempts so far, of those that it may have</source>
        <translation>已尝试次数和允许的次数</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <source>Time left until it is tried again</source>
        <translation>距离再次尝试的时间</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <source>How long the last attempt took</source>
        <translation>上次尝试所用的时间</translation>
    </message>
    <message>
        <location filename="../../gui/commands.py"/>
        <source>Images can be dragged to another place when the table is in the order of the queue.</source>
        <translation>表格按队列顺序排列时，可以把图片拖到别的位置。</translation>
    </message>
    <message>
        <location filename="../../gui/commands.py"/>
        <source>Sort by #</source>
        <translation>按 # 排序</translation>
    </message>
    <message>
        <location filename="../../gui/commands.py"/>
        <source>Removed {0} from the list. Files stay.</source>
        <translation>已从列表中移除 {0}。文件保留。</translation>
    </message>
    <message>
        <location filename="../../gui/commands.py"/>
        <source>Each attempt costs a worker process. All else that failed is being tried again.</source>
        <translation>每次尝试都会损失一个工作进程。其他失败的图片已在重新尝试。</translation>
    </message>
    <message>
        <location filename="../../gui/commands.py"/>
        <location filename="../../gui/failures.py"/>
        <source>Try again</source>
        <translation>再试一次</translation>
    </message>
    <message>
        <location filename="../../gui/commands.py"/>
        <location filename="../../gui/failures.py"/>
        <location filename="../../gui/preferences.py"/>
        <location filename="../../gui/unmaking.py"/>
        <source>Leave</source>
        <translation>保持不变</translation>
    </message>
    <message>
        <location filename="../../gui/commands.py"/>
        <source>1 image crashes the decoder. Try it again, too?</source>
        <translation>1 张图片会使解码器崩溃。也要再试一次吗？</translation>
    </message>
    <message>
        <location filename="../../gui/commands.py"/>
        <source>{n} images crash the decoder. Try them again, too?</source>
        <translation>{n} 张图片会使解码器崩溃。也要再试一次吗？</translation>
    </message>
    <message>
        <location filename="../../gui/commands.py"/>
        <source>No program is known to open {0}.</source>
        <translation>没有找到可以打开 {0} 的程序。</translation>
    </message>
    <message>
        <location filename="../../gui/commands.py"/>
        <source>Changing {0}: {1} % are done.</source>
        <translation>正在更改{0}：已完成 {1} %。</translation>
    </message>
    <message>
        <location filename="../../gui/companions.py"/>
        <source>All images are done</source>
        <translation>所有图片都已完成</translation>
    </message>
    <message>
        <location filename="../../gui/companions.py"/>
        <source>Image Queue has paused</source>
        <translation>Image Queue 已暂停</translation>
    </message>
    <message>
        <location filename="../../gui/companions.py"/>
        <location filename="../../gui/failures_panel.py"/>
        <location filename="../../gui/progress.py"/>
        <source>{0} failed</source>
        <translation>{0} 失败</translation>
    </message>
    <message>
        <location filename="../../gui/companions.py"/>
        <source>{0} skipped</source>
        <translation>{0} 已跳过</translation>
    </message>
    <message>
        <location filename="../../gui/companions.py"/>
        <source>{0} cancelled</source>
        <translation>{0} 已取消</translation>
    </message>
    <message>
        <location filename="../../gui/companions.py"/>
        <source>Done, and 1 failed</source>
        <translation>已完成，1 张失败</translation>
    </message>
    <message>
        <location filename="../../gui/companions.py"/>
        <source>Done, and {n} failed</source>
        <translation>已完成，{n} 张失败</translation>
    </message>
    <message>
        <location filename="../../gui/companions.py"/>
        <source>{0} done</source>
        <translation>{0} 已完成</translation>
    </message>
    <message>
        <location filename="../../gui/companions.py"/>
        <source>Saved {0}.</source>
        <translation>节省了 {0}。</translation>
    </message>
    <message>
        <location filename="../../gui/comparison.py"/>
        <source>Fit</source>
        <translation>适合窗口</translation>
    </message>
    <message>
        <location filename="../../gui/comparison.py"/>
        <source>Before and after</source>
        <translation>处理前后</translation>
    </message>
    <message>
        <location filename="../../gui/comparison.py"/>
        <source>{0} % before, {1} % after. Arrow keys move the line, plus and minus zoom ({2}).</source>
        <translation>处理前 {0} %，处理后 {1} %。方向键移动分隔线，加号和减号缩放（{2}）。</translation>
    </message>
    <message>
        <location filename="../../gui/dialogs.py"/>
        <location filename="../../gui/progress.py"/>
        <source>Image Queue</source>
        <translation>Image Queue</translation>
    </message>
    <message>
        <location filename="../../gui/dialogs.py"/>
        <location filename="../../gui/machines_dialog.py"/>
        <location filename="../../gui/preferences.py"/>
        <source>&amp;Copy</source>
        <translation>复制(&amp;C)</translation>
    </message>
    <message>
        <location filename="../../gui/drop_area.py"/>
        <source>Add 1 item here</source>
        <translation>在此添加 1 项</translation>
    </message>
    <message>
        <location filename="../../gui/drop_area.py"/>
        <source>Add {n} items here</source>
        <translation>在此添加 {n} 项</translation>
    </message>
    <message>
        <location filename="../../gui/drop_area.py"/>
        <source>runs before the others</source>
        <translation>先于其他图片处理</translation>
    </message>
    <message>
        <location filename="../../gui/drop_area.py"/>
        <source>runs in turn</source>
        <translation>按顺序处理</translation>
    </message>
    <message>
        <location filename="../../gui/drop_area.py"/>
        <source>runs when nothing else waits</source>
        <translation>没有其他图片等待时处理</translation>
    </message>
    <message>
        <location filename="../../gui/drop_area.py"/>
        <source>Drop here for priority {0}</source>
        <translation>拖放到此处，优先级为{0}</translation>
    </message>
    <message>
        <location filename="../../gui/dry_run.py"/>
        <source>What would be made</source>
        <translation>将生成的内容</translation>
    </message>
    <message>
        <location filename="../../gui/dry_run.py"/>
        <source>Choose files or a folder, or drop them here. Each image is looked at with the recipe, the output folder and the rule that are chosen in the window now. Nothing is written.</source>
        <translation>请选择文件或文件夹，或将其拖放到此处。每张图片都会按窗口中当前选择的配方、输出文件夹和规则进行查看。不会写入任何内容。</translation>
    </message>
    <message>
        <location filename="../../gui/dry_run.py"/>
        <source>Choose &amp;files…</source>
        <translation>选择文件(&amp;F)…</translation>
    </message>
    <message>
        <location filename="../../gui/dry_run.py"/>
        <source>Choose a f&amp;older…</source>
        <translation>选择文件夹(&amp;O)…</translation>
    </message>
    <message>
        <location filename="../../gui/dry_run.py"/>
        <location filename="../../gui/when_done.py"/>
        <source>&amp;Stop</source>
        <translation>停止(&amp;S)</translation>
    </message>
    <message>
        <location filename="../../gui/dry_run.py"/>
        <source>How much was looked at</source>
        <translation>已查看的数量</translation>
    </message>
    <message>
        <location filename="../../gui/dry_run.py"/>
        <source>&amp;Add these to the queue</source>
        <translation>将这些添加到队列(&amp;A)</translation>
    </message>
    <message>
        <location filename="../../gui/dry_run.py"/>
        <source>What would be written, replaced or skipped is listed here.</source>
        <translation>将写入、替换或跳过的内容会列在此处。</translation>
    </message>
    <message>
        <location filename="../../gui/dry_run.py"/>
        <source>Looking for images…</source>
        <translation>正在查找图片…</translation>
    </message>
    <message>
        <location filename="../../gui/dry_run.py"/>
        <source>Making a few in memory to estimate the sizes…</source>
        <translation>正在内存中生成几张以估算大小…</translation>
    </message>
    <message>
        <location filename="../../gui/dry_run.py"/>
        <source>1 file or folder is not taken.</source>
        <translation>1 个文件或文件夹未被采用。</translation>
    </message>
    <message>
        <location filename="../../gui/dry_run.py"/>
        <source>{n} files or folders are not taken.</source>
        <translation>{n} 个文件或文件夹未被采用。</translation>
    </message>
    <message>
        <location filename="../../gui/dry_run.py"/>
        <source>Looked at {0} of {1}</source>
        <translation>已查看 {0}，共 {1}</translation>
    </message>
    <message>
        <location filename="../../gui/dry_run.py"/>
        <source>Stopped: {0} looked at.</source>
        <translation>已停止：查看了 {0}。</translation>
    </message>
    <message>
        <location filename="../../gui/dry_run.py"/>
        <source>The first {0} lines are listed.</source>
        <translation>列出了前 {0} 行。</translation>
    </message>
    <message>
        <location filename="../../gui/export_dialog.py"/>
        <location filename="../../gui/queue_files.py"/>
        <source>Export waiting images</source>
        <translation>导出等待中的图片</translation>
    </message>
    <message>
        <location filename="../../gui/export_dialog.py"/>
        <source>A file for another machine is written, with the recipes, priorities, order and holds of the images. It does not hold the images: the other machine has to reach them, in folders whose names may differ there.</source>
        <translation>将为另一台电脑写入一个文件，包含图片的配方、优先级、顺序和暂缓状态。它不包含图片本身：另一台电脑必须能访问这些图片，所在文件夹的名称可以不同。</translation>
    </message>
    <message>
        <location filename="../../gui/export_dialog.py"/>
        <source>Which</source>
        <translation>哪些</translation>
    </message>
    <message>
        <location filename="../../gui/export_dialog.py"/>
        <source>What becomes of them here</source>
        <translation>它们在此处如何处理</translation>
    </message>
    <message>
        <location filename="../../gui/export_dialog.py"/>
        <source>&amp;Export…</source>
        <translation>导出(&amp;E)…</translation>
    </message>
    <message>
        <location filename="../../gui/export_dialog.py"/>
        <source>&amp;Hold them, so that they are not made twice</source>
        <translation>暂缓它们，避免重复生成(&amp;H)</translation>
    </message>
    <message>
        <location filename="../../gui/export_dialog.py"/>
        <source>&amp;Remove them from the list</source>
        <translation>从列表中移除(&amp;R)</translation>
    </message>
    <message>
        <location filename="../../gui/export_dialog.py"/>
        <source>&amp;Leave them waiting</source>
        <translation>让它们继续等待(&amp;L)</translation>
    </message>
    <message>
        <location filename="../../gui/export_dialog.py"/>
        <source>&amp;All that wait: {0}</source>
        <translation>所有等待中的(&amp;A)：{0}</translation>
    </message>
    <message>
        <location filename="../../gui/export_dialog.py"/>
        <source>Only the &amp;selected: {0}</source>
        <translation>仅选中的(&amp;S)：{0}</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The disk is full</source>
        <translation>磁盘已满</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The output folder cannot be written</source>
        <translation>无法写入输出文件夹</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The file must not be read</source>
        <translation>没有读取文件的权限</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The file is in use by another program</source>
        <translation>文件正被其他程序使用</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The disk or the network gave an error</source>
        <translation>磁盘或网络出错</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The worker process ended in the middle</source>
        <translation>工作进程中途结束</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The machine that had it is gone</source>
        <translation>处理它的电脑已断开</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>It took longer than the time limit</source>
        <translation>超过了时间限制</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>It needs more memory than the limit</source>
        <translation>所需内存超过了限制</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>Image Queue ended while it was worked on</source>
        <translation>处理过程中 Image Queue 退出了</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The library for its format is missing</source>
        <translation>缺少该格式所需的库</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The server could not be reached</source>
        <translation>无法连接服务器</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The server took too long</source>
        <translation>服务器响应太慢</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The server is busy or broken</source>
        <translation>服务器繁忙或故障</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>What another machine made did not arrive whole</source>
        <translation>另一台电脑生成的内容未完整到达</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>Another Image Queue has the queue</source>
        <translation>另一个 Image Queue 正在使用队列</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The queue's own file cannot be used</source>
        <translation>队列文件无法使用</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The queue's own file is of a newer version</source>
        <translation>队列文件来自更新的版本</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The file is not there any more</source>
        <translation>文件已不存在</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The file is not an image</source>
        <translation>文件不是图片</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The image is damaged</source>
        <translation>图片已损坏</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The file crashes the decoder</source>
        <translation>文件会使解码器崩溃</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The image has too many pixels</source>
        <translation>图片像素过多</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>There is nothing at the link</source>
        <translation>链接处没有内容</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The server does not give the image</source>
        <translation>服务器拒绝提供图片</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The link leads nowhere</source>
        <translation>链接无效</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The server cannot be trusted</source>
        <translation>服务器不可信</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The download is larger than the limit</source>
        <translation>下载内容超过限制</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The link leads to a page, not to an image</source>
        <translation>链接指向网页，而不是图片</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The recipe cannot be followed</source>
        <translation>无法按配方处理</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The name of the output cannot be</source>
        <translation>输出名称无效</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>There is no original to replace</source>
        <translation>没有可替换的原文件</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The original cannot go to the trash</source>
        <translation>原文件无法移到回收站</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The format cannot hold the image</source>
        <translation>该格式无法保存此图片</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The file holds no queue</source>
        <translation>文件中没有队列</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>A value cannot be</source>
        <translation>有无效的值</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>Image Queue made a mistake</source>
        <translation>Image Queue 出错了</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>Choose another folder and retry…</source>
        <translation>选择其他文件夹并重试…</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>Retry with the chosen recipe</source>
        <translation>用所选配方重试</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>Change the limits…</source>
        <translation>更改限制…</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>Remove from the list</source>
        <translation>从列表中移除</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <location filename="../../gui/report.py"/>
        <source>Report…</source>
        <translation>报告问题…</translation>
    </message>
    <message>
        <location filename="../../gui/failures.py"/>
        <source>1 image is tried again.</source>
        <translation>正在重试 1 张图片。</translation>
    </message>
    <message>
        <location filename="../../gui/failures.py"/>
        <source>{n} images are tried again.</source>
        <translation>正在重试 {n} 张图片。</translation>
    </message>
    <message>
        <location filename="../../gui/failures.py"/>
        <source>{0}: choose another folder</source>
        <translation>{0}：选择其他文件夹</translation>
    </message>
    <message>
        <location filename="../../gui/failures.py"/>
        <source>These images crash the decoder. Try them again?</source>
        <translation>这些图片会使解码器崩溃。要再试一次吗？</translation>
    </message>
    <message>
        <location filename="../../gui/failures.py"/>
        <source>Each attempt costs a worker process; everything else goes on meanwhile.</source>
        <translation>每次尝试都会损失一个工作进程；其他工作照常进行。</translation>
    </message>
    <message>
        <location filename="../../gui/failures.py"/>
        <source>{0} are made ready to be tried again…</source>
        <translation>正在准备重试{0}…</translation>
    </message>
    <message>
        <location filename="../../gui/failures_panel.py"/>
        <source>Show only these</source>
        <translation>只显示这些</translation>
    </message>
    <message>
        <location filename="../../gui/failures_panel.py"/>
        <source>Retry</source>
        <translation>重试</translation>
    </message>
    <message>
        <location filename="../../gui/failures_panel.py"/>
        <source>What failed, by its kind</source>
        <translation>失败项，按类别</translation>
    </message>
    <message>
        <location filename="../../gui/failures_panel.py"/>
        <source>for 1 reason</source>
        <translation>1 种原因</translation>
    </message>
    <message>
        <location filename="../../gui/failures_panel.py"/>
        <source>for {n} reasons</source>
        <translation>{n} 种原因</translation>
    </message>
    <message>
        <location filename="../../gui/failures_panel.py"/>
        <location filename="../../gui/machine_fields.py"/>
        <source>For example: {0}</source>
        <translation>例如：{0}</translation>
    </message>
    <message>
        <location filename="../../gui/folder_filters.py"/>
        <source>images of all formats</source>
        <translation>所有格式的图片</translation>
    </message>
    <message>
        <location filename="../../gui/folder_filters.py"/>
        <source>hidden ones, too</source>
        <translation>包括隐藏的</translation>
    </message>
    <message>
        <location filename="../../gui/folder_filters.py"/>
        <source>without hidden ones</source>
        <translation>不含隐藏的</translation>
    </message>
    <message>
        <location filename="../../gui/folder_filters.py"/>
        <source>What of folders is taken</source>
        <translation>文件夹中取哪些内容</translation>
    </message>
    <message>
        <location filename="../../gui/folder_filters.py"/>
        <source>This holds for the folders and archives that you add from now on, and for watched folders. An image, an archive or a link that you add by itself is always taken.</source>
        <translation>这适用于您从现在起添加的文件夹和压缩包，以及监视的文件夹。单独添加的图片、压缩包或链接总会被采用。</translation>
    </message>
    <message>
        <location filename="../../gui/folder_filters.py"/>
        <source>Take &amp;hidden files and folders, too</source>
        <translation>也包括隐藏的文件和文件夹(&amp;H)</translation>
    </message>
    <message>
        <location filename="../../gui/folder_filters.py"/>
        <source>Open &amp;archives in folders (zip, cbz, tar)</source>
        <translation>打开文件夹中的压缩包 (zip, cbz, tar)(&amp;A)</translation>
    </message>
    <message>
        <location filename="../../gui/folder_filters.py"/>
        <source>Each is unpacked into the app's own folder, within limits. Archives in archives and in watched folders stay closed.</source>
        <translation>每个压缩包会在限制内解压到应用自己的文件夹。压缩包中的压缩包以及监视文件夹中的压缩包不会打开。</translation>
    </message>
    <message>
        <location filename="../../gui/folder_filters.py"/>
        <source>Only these formats; none for all</source>
        <translation>仅这些格式；不选表示全部</translation>
    </message>
    <message>
        <location filename="../../gui/folder_filters.py"/>
        <source>any size</source>
        <translation>任意大小</translation>
    </message>
    <message>
        <location filename="../../gui/folder_filters.py"/>
        <source>Patterns of what is left out, one a line</source>
        <translation>要忽略的模式，每行一个</translation>
    </message>
    <message>
        <location filename="../../gui/folder_filters.py"/>
        <source>Archives are opened.</source>
        <translation>会打开压缩包。</translation>
    </message>
    <message>
        <location filename="../../gui/folder_filters.py"/>
        <source>Archives stay closed.</source>
        <translation>不打开压缩包。</translation>
    </message>
    <message>
        <location filename="../../gui/folder_filters.py"/>
        <source>Only these &amp;formats (none ticked: all):</source>
        <translation>仅这些格式（不勾选表示全部）(&amp;F)：</translation>
    </message>
    <message>
        <location filename="../../gui/folder_filters.py"/>
        <source>&amp;Leave out, as lines of a .gitignore:</source>
        <translation>忽略，按 .gitignore 的格式(&amp;L)：</translation>
    </message>
    <message>
        <location filename="../../gui/folder_filters.py"/>
        <source>Leave out files &amp;smaller than (500, 20 kB, 1.5 MB):</source>
        <translation>忽略小于此大小的文件 (500, 20 kB, 1.5 MB)(&amp;S)：</translation>
    </message>
    <message>
        <location filename="../../gui/folder_filters.py"/>
        <source>{0} images</source>
        <translation>{0} 图片</translation>
    </message>
    <message>
        <location filename="../../gui/folder_filters.py"/>
        <source> of at least {0}</source>
        <translation>（至少 {0}）</translation>
    </message>
    <message>
        <location filename="../../gui/folder_filters.py"/>
        <source>Taken are {0}, {1}.</source>
        <translation>将采用{0}，{1}。</translation>
    </message>
    <message>
        <location filename="../../gui/folder_filters.py"/>
        <source>What 1 pattern matches is left out.</source>
        <translation>符合 1 个模式的内容会被忽略。</translation>
    </message>
    <message>
        <location filename="../../gui/folder_filters.py"/>
        <source>What {n} patterns match is left out.</source>
        <translation>符合 {n} 个模式的内容会被忽略。</translation>
    </message>
    <message>
        <location filename="../../gui/foreseen.py"/>
        <source>{0} new files, {1} replaced, of {2}; {3} skipped, {4} failed.</source>
        <translation>{0} 个新文件，{1} 个被替换，来自 {2}；{3} 个跳过，{4} 个失败。</translation>
    </message>
    <message>
        <location filename="../../gui/foreseen.py"/>
        <source>Would</source>
        <translation>操作</translation>
    </message>
    <message>
        <location filename="../../gui/foreseen.py"/>
        <source>File</source>
        <translation>文件</translation>
    </message>
    <message>
        <location filename="../../gui/foreseen.py"/>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Pixels</source>
        <translation>像素</translation>
    </message>
    <message>
        <location filename="../../gui/foreseen.py"/>
        <source>About</source>
        <translation>约</translation>
    </message>
    <message>
        <location filename="../../gui/foreseen.py"/>
        <source>Of, or why</source>
        <translation>来源或原因</translation>
    </message>
    <message>
        <location filename="../../gui/foreseen.py"/>
        <source>skip</source>
        <translation>跳过</translation>
    </message>
    <message>
        <location filename="../../gui/foreseen.py"/>
        <source>fail</source>
        <translation>失败</translation>
    </message>
    <message>
        <location filename="../../gui/foreseen.py"/>
        <source>download</source>
        <translation>下载</translation>
    </message>
    <message>
        <location filename="../../gui/foreseen.py"/>
        <source>replace</source>
        <translation>替换</translation>
    </message>
    <message>
        <location filename="../../gui/foreseen.py"/>
        <source>write</source>
        <translation>写入</translation>
    </message>
    <message>
        <location filename="../../gui/foreseen.py"/>
        <source>Together about {0}</source>
        <translation>合计约 {0}</translation>
    </message>
    <message>
        <location filename="../../gui/foreseen.py"/>
        <source>, give or take {0}</source>
        <translation>，误差 {0}</translation>
    </message>
    <message>
        <location filename="../../gui/foreseen.py"/>
        <source>, as {0} made in memory tell</source>
        <translation>，根据在内存中生成的 {0}估算</translation>
    </message>
    <message>
        <location filename="../../gui/help.py"/>
        <source>Thumbnails, resizes and converts images by the thousand, in a queue that survives anything.</source>
        <translation>批量为成千上万张图片生成缩略图、缩放和转换格式，队列不会丢失。</translation>
    </message>
    <message>
        <location filename="../../gui/help.py"/>
        <source>Free software under the MIT licence. Icons are drawn for it, and share that licence.</source>
        <translation>MIT 许可证下的自由软件。图标为其绘制，使用同一许可证。</translation>
    </message>
    <message>
        <location filename="../../gui/help.py"/>
        <source>Open the result of the image that is chosen</source>
        <translation>打开所选图片的结果</translation>
    </message>
    <message>
        <location filename="../../gui/help.py"/>
        <source>What can be done with the images that are chosen</source>
        <translation>可以对所选图片执行的操作</translation>
    </message>
    <message>
        <location filename="../../gui/help.py"/>
        <source>Go to the next part of the window</source>
        <translation>转到窗口的下一部分</translation>
    </message>
    <message>
        <location filename="../../gui/help.py"/>
        <source>Close a dialog</source>
        <translation>关闭对话框</translation>
    </message>
    <message>
        <location filename="../../gui/help.py"/>
        <source>In the table, and elsewhere</source>
        <translation>在表格及其他地方</translation>
    </message>
    <message>
        <location filename="../../gui/help.py"/>
        <source>Keyboard shortcuts</source>
        <translation>键盘快捷键</translation>
    </message>
    <message>
        <location filename="../../gui/help.py"/>
        <source>About Image Queue</source>
        <translation>关于 Image Queue</translation>
    </message>
    <message>
        <location filename="../../gui/hints.py"/>
        <source>Something failed. Its row says why; the number of failures below leads to what can be done.</source>
        <translation>有图片失败了。所在行说明了原因；下方的失败数会引向解决办法。</translation>
    </message>
    <message>
        <location filename="../../gui/hints.py"/>
        <source>Space pauses and starts. You may also quit: what waits is kept, and goes on at the next start.</source>
        <translation>空格键用于暂停和开始。您也可以退出：等待中的内容会保留，下次启动时继续。</translation>
    </message>
    <message>
        <location filename="../../gui/hints.py"/>
        <source>Drop on High, Normal or Low to say what comes first. F2 changes it for what is chosen here.</source>
        <translation>拖放到“高”“普通”或“低”以决定先后。F2 可更改此处所选图片的优先级。</translation>
    </message>
    <message>
        <location filename="../../gui/hints.py"/>
        <source>No more hints</source>
        <translation>不再显示提示</translation>
    </message>
    <message>
        <location filename="../../gui/hints.py"/>
        <source>Close this hint</source>
        <translation>关闭此提示</translation>
    </message>
    <message>
        <location filename="../../gui/history.py"/>
        <source>History</source>
        <translation>历史</translation>
    </message>
    <message>
        <location filename="../../gui/history.py"/>
        <source>Find a day (2026-01-31), a folder or a recipe</source>
        <translation>查找日期 (2026-01-31)、文件夹或配方</translation>
    </message>
    <message>
        <location filename="../../gui/history.py"/>
        <source>Find a day, a folder or a recipe</source>
        <translation>查找日期、文件夹或配方</translation>
    </message>
    <message>
        <location filename="../../gui/history.py"/>
        <source>Forget all…</source>
        <translation>全部清除…</translation>
    </message>
    <message>
        <location filename="../../gui/history.py"/>
        <source>Day and folder</source>
        <translation>日期和文件夹</translation>
    </message>
    <message>
        <location filename="../../gui/history.py"/>
        <location filename="../../gui/machines_dialog.py"/>
        <location filename="../../gui/state_tabs.py"/>
        <location filename="../../gui/words.py"/>
        <source>Done</source>
        <translation>已完成</translation>
    </message>
    <message>
        <location filename="../../gui/history.py"/>
        <location filename="../../gui/state_tabs.py"/>
        <location filename="../../gui/words.py"/>
        <source>Skipped</source>
        <translation>已跳过</translation>
    </message>
    <message>
        <location filename="../../gui/history.py"/>
        <location filename="../../gui/state_tabs.py"/>
        <location filename="../../gui/words.py"/>
        <source>Failed</source>
        <translation>失败</translation>
    </message>
    <message>
        <location filename="../../gui/history.py"/>
        <source>{0} done on {1}</source>
        <translation>{1}完成了{0}</translation>
    </message>
    <message>
        <location filename="../../gui/history.py"/>
        <source>1 day</source>
        <translation>1 天</translation>
    </message>
    <message>
        <location filename="../../gui/history.py"/>
        <source>{n} days</source>
        <translation>{n} 天</translation>
    </message>
    <message>
        <location filename="../../gui/history.py"/>
        <source>Forget what was done on all days?</source>
        <translation>要清除所有日期的记录吗？</translation>
    </message>
    <message>
        <location filename="../../gui/history.py"/>
        <source>Files and the images in the list stay as they are.</source>
        <translation>文件和列表中的图片保持不变。</translation>
    </message>
    <message>
        <location filename="../../gui/history.py"/>
        <source>Forget</source>
        <translation>清除</translation>
    </message>
    <message>
        <location filename="../../gui/history.py"/>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Keep</source>
        <translation>保留</translation>
    </message>
    <message>
        <location filename="../../gui/history.py"/>
        <source>Nothing matches.</source>
        <translation>没有匹配项。</translation>
    </message>
    <message>
        <location filename="../../gui/history.py"/>
        <source>Nothing has been done yet.</source>
        <translation>尚未完成任何内容。</translation>
    </message>
    <message>
        <location filename="../../gui/history.py"/>
        <source>; {0} became {1}, {2} saved</source>
        <translation>；{0} 变为 {1}，节省 {2}</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>Images that are not here</source>
        <translation>不在此处的图片</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>Import the &amp;missing ones, too; they fail unless they come in time</source>
        <translation>也导入缺失的图片；如果未及时出现，它们会失败(&amp;M)</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>&amp;Import</source>
        <translation>导入(&amp;I)</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>Choose the folder on this machine</source>
        <translation>选择此电脑上的文件夹</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>Looking for the images…</source>
        <translation>正在查找图片…</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>Imported {0} from {1}.</source>
        <translation>已从 {1} 导入 {0}。</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>{0} of another queue, with their priorities, order and recipes: {1}.</source>
        <translation>来自另一队列的 {0}，包括优先级、顺序和配方：{1}。</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>Folder in the file</source>
        <translation>文件中的文件夹</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>Is here</source>
        <translation>在此处为</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>the folder on this machine</source>
        <translation>此电脑上的文件夹</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <location filename="../../gui/recipes/controls.py"/>
        <location filename="../../gui/recipes/preview_pane.py"/>
        <source>Choose…</source>
        <translation>选择…</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>The file has no images.</source>
        <translation>文件中没有图片。</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source> and {0} more</source>
        <translation> 以及另外 {0} 个</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>1 was here already.</source>
        <translation>1 张已在此处。</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>{n} were here already.</source>
        <translation>{n} 张已在此处。</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>1 is missing and was left out.</source>
        <translation>1 张缺失，已忽略。</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>{n} are missing and were left out.</source>
        <translation>{n} 张缺失，已忽略。</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>Import {0}</source>
        <translation>导入{0}</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>Say where the folders are here: {0} of another system.</source>
        <translation>请指明这些文件夹在此处的位置：{0}另一系统。</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>1 path is</source>
        <translation>1 个路径来自</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>{n} paths are</source>
        <translation>{n} 个路径来自</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>{0} of them are held.</source>
        <translation>其中 {0} 张已暂缓。</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>of a recipe</source>
        <translation>配方中的</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>Where {0} is here</source>
        <translation>{0} 在此处的位置</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>Choose where {0} is here</source>
        <translation>选择 {0} 在此处的位置</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>1 is missing.</source>
        <translation>缺失 1 张。</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>{n} are missing.</source>
        <translation>缺失 {n} 张。</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>The image is here.</source>
        <translation>图片在此处。</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>All {n} images are here.</source>
        <translation>全部 {n} 张图片都在此处。</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>Results go to {0}.</source>
        <translation>结果将放到 {0}。</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>Originals are replaced, and go to the trash, by: {0}.</source>
        <translation>原文件将被替换并移到回收站，由以下配方：{0}。</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>Files of the results' names are replaced by: {0}.</source>
        <translation>与结果同名的文件将被替换，由以下配方：{0}。</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>&amp;Import {0}</source>
        <translation>导入 {0}(&amp;I)</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>{0} of {1} are here.</source>
        <translation>{1}中有 {0} 张在此处。</translation>
    </message>
    <message>
        <location filename="../../gui/inspector.py"/>
        <source>Details of the selection</source>
        <translation>所选内容的详细信息</translation>
    </message>
    <message>
        <location filename="../../gui/inspector.py"/>
        <source>Details of the attempt</source>
        <translation>尝试的详细信息</translation>
    </message>
    <message>
        <location filename="../../gui/inspector.py"/>
        <source>Copy details</source>
        <translation>复制详细信息</translation>
    </message>
    <message>
        <location filename="../../gui/inspector.py"/>
        <source>Select an image to see its details.</source>
        <translation>选择一张图片以查看详细信息。</translation>
    </message>
    <message>
        <location filename="../../gui/inspector.py"/>
        <source>No.</source>
        <translation>序号</translation>
    </message>
    <message>
        <location filename="../../gui/inspector.py"/>
        <source>End</source>
        <translation>结果</translation>
    </message>
    <message>
        <location filename="../../gui/inspector.py"/>
        <source>When</source>
        <translation>时间</translation>
    </message>
    <message>
        <location filename="../../gui/inspector.py"/>
        <source>Worker</source>
        <translation>工作进程</translation>
    </message>
    <message>
        <location filename="../../gui/inspector.py"/>
        <source>Goes to</source>
        <translation>存放到</translation>
    </message>
    <message>
        <location filename="../../gui/inspector.py"/>
        <source>{0} selected</source>
        <translation>已选择 {0}</translation>
    </message>
    <message>
        <location filename="../../gui/inspector.py"/>
        <source>Will be</source>
        <translation>将生成</translation>
    </message>
    <message>
        <location filename="../../gui/inspector.py"/>
        <source>{0} became {1}</source>
        <translation>{0} 变为 {1}</translation>
    </message>
    <message>
        <location filename="../../gui/inspector.py"/>
        <source>(of the first {0})</source>
        <translation>（前 {0} 张）</translation>
    </message>
    <message>
        <location filename="../../gui/inspector.py"/>
        <source>Code: {0}</source>
        <translation>代码：{0}</translation>
    </message>
    <message>
        <location filename="../../gui/inspector.py"/>
        <source>{0}, not counted</source>
        <translation>{0}，不计次数</translation>
    </message>
    <message>
        <location filename="../../gui/job_pictures.py"/>
        <source>Picture of the image</source>
        <translation>图片视图</translation>
    </message>
    <message>
        <location filename="../../gui/job_pictures.py"/>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Format</source>
        <translation>格式</translation>
    </message>
    <message>
        <location filename="../../gui/job_pictures.py"/>
        <source>Frames</source>
        <translation>帧</translation>
    </message>
    <message>
        <location filename="../../gui/job_pictures.py"/>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Colours</source>
        <translation>颜色</translation>
    </message>
    <message>
        <location filename="../../gui/job_pictures.py"/>
        <source>Camera</source>
        <translation>相机</translation>
    </message>
    <message>
        <location filename="../../gui/job_pictures.py"/>
        <source>Lens</source>
        <translation>镜头</translation>
    </message>
    <message>
        <location filename="../../gui/job_pictures.py"/>
        <source>Taken</source>
        <translation>拍摄时间</translation>
    </message>
    <message>
        <location filename="../../gui/job_pictures.py"/>
        <source>Exposure</source>
        <translation>曝光</translation>
    </message>
    <message>
        <location filename="../../gui/job_pictures.py"/>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Author</source>
        <translation>作者</translation>
    </message>
    <message>
        <location filename="../../gui/job_pictures.py"/>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Copyright</source>
        <translation>版权</translation>
    </message>
    <message>
        <location filename="../../gui/job_pictures.py"/>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Place</source>
        <translation>位置</translation>
    </message>
    <message>
        <location filename="../../gui/job_pictures.py"/>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Metadata</source>
        <translation>元数据</translation>
    </message>
    <message>
        <location filename="../../gui/job_pictures.py"/>
        <source>is known</source>
        <translation>已知</translation>
    </message>
    <message>
        <location filename="../../gui/machine_fields.py"/>
        <source>Password of the broker</source>
        <translation>消息代理的密码</translation>
    </message>
    <message>
        <location filename="../../gui/machine_fields.py"/>
        <source>Kept in the keyring of this system.</source>
        <translation>保存在此系统的密钥环中。</translation>
    </message>
    <message>
        <location filename="../../gui/machine_fields.py"/>
        <source>None. A new one goes to the keyring</source>
        <translation>无。新密码会存入密钥环</translation>
    </message>
    <message>
        <location filename="../../gui/machine_fields.py"/>
        <source>Pass&amp;word:</source>
        <translation>密码(&amp;W)：</translation>
    </message>
    <message>
        <location filename="../../gui/machine_fields.py"/>
        <source>&amp;Try</source>
        <translation>试一试(&amp;T)</translation>
    </message>
    <message>
        <location filename="../../gui/machine_fields.py"/>
        <source>Look whether the broker answers</source>
        <translation>查看消息代理是否响应</translation>
    </message>
    <message>
        <location filename="../../gui/machine_fields.py"/>
        <source>None: images travel to the machines and back over the broker.</source>
        <translation>无：图片通过消息代理往返于各电脑。</translation>
    </message>
    <message>
        <location filename="../../gui/machine_fields.py"/>
        <source>A&amp;dd a folder…</source>
        <translation>添加文件夹(&amp;D)…</translation>
    </message>
    <message>
        <location filename="../../gui/machine_fields.py"/>
        <source>Remo&amp;ve</source>
        <translation>移除(&amp;V)</translation>
    </message>
    <message>
        <location filename="../../gui/machine_fields.py"/>
        <source>Choose a folder that the machines have, too</source>
        <translation>选择其他电脑也有的文件夹</translation>
    </message>
    <message>
        <location filename="../../gui/machine_fields.py"/>
        <source>Trying…</source>
        <translation>正在尝试…</translation>
    </message>
    <message>
        <location filename="../../gui/machine_fields.py"/>
        <source>Folder on this computer</source>
        <translation>此电脑上的文件夹</translation>
    </message>
    <message>
        <location filename="../../gui/machines.py"/>
        <source>Machines cannot be used</source>
        <translation>无法使用其他电脑</translation>
    </message>
    <message>
        <location filename="../../gui/machines.py"/>
        <source>Connecting…</source>
        <translation>正在连接…</translation>
    </message>
    <message>
        <location filename="../../gui/machines.py"/>
        <source>The broker is away</source>
        <translation>消息代理不可用</translation>
    </message>
    <message>
        <location filename="../../gui/machines.py"/>
        <source>The broker refuses</source>
        <translation>消息代理拒绝</translation>
    </message>
    <message>
        <location filename="../../gui/machines.py"/>
        <source>Machines…</source>
        <translation>电脑…</translation>
    </message>
    <message>
        <location filename="../../gui/machines.py"/>
        <location filename="../../gui/machines_dialog.py"/>
        <source>1 machine</source>
        <translation>1 台电脑</translation>
    </message>
    <message>
        <location filename="../../gui/machines.py"/>
        <location filename="../../gui/machines_dialog.py"/>
        <source>{n} machines</source>
        <translation>{n} 台电脑</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <location filename="../../gui/preferences.py"/>
        <source>Machines</source>
        <translation>电脑</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>To &amp;add a machine, run these two commands on it:</source>
        <translation>要添加一台电脑，请在其上运行这两条命令(&amp;A)：</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>&amp;Broker and folders…</source>
        <translation>消息代理和文件夹(&amp;B)…</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>No machine is at work for this queue. Choose a broker, and start a worker on another computer with the two commands below.</source>
        <translation>没有电脑在为此队列工作。请选择消息代理，并用下面的两条命令在另一台电脑上启动工作程序。</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>Commands that start a worker on another machine</source>
        <translation>在另一台电脑上启动工作程序的命令</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <location filename="../../gui/preferences.py"/>
        <location filename="../../gui/recipes/labels.py"/>
        <source>None</source>
        <translation>无</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>The same</source>
        <translation>相同</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>{0} stands for the computer with the broker, {1} for the password of this user.</source>
        <translation>{0} 代表消息代理所在的电脑，{1} 代表此用户的密码。</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>The broker is on this computer: others find it by the name of the computer.</source>
        <translation>消息代理在此电脑上：其他电脑需通过此电脑的名称找到它。</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>No broker is set: this computer works alone.</source>
        <translation>未设置消息代理：此电脑独自工作。</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>The broker is away, and tried again by itself. This computer goes on alone. {0}</source>
        <translation>消息代理不可用，会自动重试。此电脑独自继续。{0}</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>Machine</source>
        <translation>电脑</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>Slots</source>
        <translation>槽位</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <location filename="../../gui/state_tabs.py"/>
        <location filename="../../gui/words.py"/>
        <source>Running</source>
        <translation>处理中</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>Images/s</source>
        <translation>张/秒</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>Last heard of</source>
        <translation>最近响应</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>Version</source>
        <translation>版本</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>Shared folders</source>
        <translation>共享文件夹</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>{0} of {1} not the same</source>
        <translation>{1} 个中有 {0} 个不同</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>1 slot</source>
        <translation>1 个槽位</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>{n} slots</source>
        <translation>{n} 个槽位</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>now</source>
        <translation>刚刚</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>{0} on {1}: {2}</source>
        <translation>{1} 上的 {0}：{2}</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>And 1 more.</source>
        <translation>另有 1 个。</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>And {n} more.</source>
        <translation>另有 {n} 个。</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>This computer works alone. {0}</source>
        <translation>此电脑独自工作。{0}</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>Connecting to {0}…</source>
        <translation>正在连接 {0}…</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>The broker refuses. This computer goes on alone. {0}</source>
        <translation>消息代理拒绝连接。此电脑独自继续。{0}</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>Connected to {0}: {1}, {2}.</source>
        <translation>已连接到 {0}：{1}，{2}。</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>{0} stands for the password of the broker.</source>
        <translation>{0} 代表消息代理的密码。</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>{0} ago</source>
        <translation>{0}前</translation>
    </message>
    <message>
        <location filename="../../gui/main_window.py"/>
        <source>Main toolbar</source>
        <translation>主工具栏</translation>
    </message>
    <message>
        <location filename="../../gui/main_window.py"/>
        <source>Drop images, folders or links here</source>
        <translation>将图片、文件夹或链接拖放到此处</translation>
    </message>
    <message>
        <location filename="../../gui/main_window.py"/>
        <source>They are queued, and four workers make the copies that the recipe above describes.
Nothing is lost when you pause, quit, or lose power.</source>
        <translation>它们会进入队列，四个工作进程将按上方的配方生成副本。
暂停、退出或断电都不会丢失任何内容。</translation>
    </message>
    <message>
        <location filename="../../gui/main_window.py"/>
        <source>Show all</source>
        <translation>全部显示</translation>
    </message>
    <message>
        <location filename="../../gui/main_window.py"/>
        <source>Nothing matches</source>
        <translation>没有匹配项</translation>
    </message>
    <message>
        <location filename="../../gui/main_window.py"/>
        <source>No image listed here has this in its name or folder.</source>
        <translation>列表中没有图片的名称或文件夹包含此内容。</translation>
    </message>
    <message>
        <location filename="../../gui/main_window.py"/>
        <source>What fails is listed here by its kind, with what to do about it.</source>
        <translation>失败的图片会按类别列在此处，并附上解决办法。</translation>
    </message>
    <message>
        <location filename="../../gui/main_window.py"/>
        <source>Nothing here</source>
        <translation>这里没有内容</translation>
    </message>
    <message>
        <location filename="../../gui/main_window.py"/>
        <source>No image is in this state now.</source>
        <translation>目前没有图片处于此状态。</translation>
    </message>
    <message>
        <location filename="../../gui/main_window.py"/>
        <source>Nothing failed</source>
        <translation>没有失败项</translation>
    </message>
    <message>
        <location filename="../../gui/main_window.py"/>
        <source>What was copied is no file, no path, no link and no picture.</source>
        <translation>复制的内容不是文件、路径、链接或图片。</translation>
    </message>
    <message>
        <location filename="../../gui/menus.py"/>
        <source>&amp;File</source>
        <translation>文件(&amp;F)</translation>
    </message>
    <message>
        <location filename="../../gui/menus.py"/>
        <location filename="../../gui/recipes/deeds.py"/>
        <source>&amp;Edit</source>
        <translation>编辑(&amp;E)</translation>
    </message>
    <message>
        <location filename="../../gui/menus.py"/>
        <source>&amp;Queue</source>
        <translation>队列(&amp;Q)</translation>
    </message>
    <message>
        <location filename="../../gui/menus.py"/>
        <source>&amp;View</source>
        <translation>视图(&amp;V)</translation>
    </message>
    <message>
        <location filename="../../gui/menus.py"/>
        <source>&amp;Columns</source>
        <translation>列(&amp;C)</translation>
    </message>
    <message>
        <location filename="../../gui/menus.py"/>
        <source>&amp;Sort by</source>
        <translation>排序方式(&amp;S)</translation>
    </message>
    <message>
        <location filename="../../gui/menus.py"/>
        <source>&amp;Help</source>
        <translation>帮助(&amp;H)</translation>
    </message>
    <message>
        <location filename="../../gui/menus.py"/>
        <source>&amp;Image</source>
        <translation>图片(&amp;I)</translation>
    </message>
    <message>
        <location filename="../../gui/menus.py"/>
        <source>&amp;Appearance</source>
        <translation>外观(&amp;A)</translation>
    </message>
    <message>
        <location filename="../../gui/notice.py"/>
        <source>Close this notice</source>
        <translation>关闭此提示</translation>
    </message>
    <message>
        <location filename="../../gui/pages.py"/>
        <source>The link leads to a page, not to an image. The page names {{0}}.</source>
        <translation>链接指向网页，而不是图片。该网页中有 {{0}}。</translation>
    </message>
    <message>
        <location filename="../../gui/pages.py"/>
        <source>{n} links lead to pages, not to images. The pages name {{0}}.</source>
        <translation>{n} 个链接指向网页，而不是图片。这些网页中有 {{0}}。</translation>
    </message>
    <message>
        <location filename="../../gui/pages.py"/>
        <source>Add this image</source>
        <translation>添加此图片</translation>
    </message>
    <message>
        <location filename="../../gui/pages.py"/>
        <source>Add these {n} images</source>
        <translation>添加这 {n} 张图片</translation>
    </message>
    <message>
        <location filename="../../gui/plans.py"/>
        <source>The original's place; the original goes to the trash</source>
        <translation>取代原件，原件移到回收站</translation>
    </message>
    <message>
        <location filename="../../gui/plans.py"/>
        <location filename="../../gui/recipe_bar.py"/>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Beside the source</source>
        <translation>源文件旁边</translation>
    </message>
    <message>
        <location filename="../../gui/plans.py"/>
        <source>{0}, with subfolders</source>
        <translation>{0}，含子文件夹</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Takes effect at once.</source>
        <translation>立即生效。</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>For folders that are added from now on, and for watched ones at once.</source>
        <translation>适用于今后添加的文件夹，对监视的文件夹立即生效。</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Preferences</source>
        <translation>首选项</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Restore &amp;defaults…</source>
        <translation>恢复默认值(&amp;D)…</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Work</source>
        <translation>工作</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Files</source>
        <translation>文件</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>When done</source>
        <translation>完成后</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>&amp;Broker:</source>
        <translation>消息代理(&amp;B)：</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>The URL of a RabbitMQ or a Redis through which workers on other machines get images. Takes effect at once. Empty: this computer works alone.</source>
        <translation>RabbitMQ 或 Redis 的 URL，其他电脑上的工作程序由此获取图片。立即生效。留空：此电脑独自工作。</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>&amp;Shared folders:</source>
        <translation>共享文件夹(&amp;S)：</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Folders that the machines have, too, so that images in them need not travel. A worker is told its own path of each, by --share and the name. Takes effect at once.</source>
        <translation>其他电脑也有的文件夹，其中的图片无需传送。通过 --share 和名称告知工作程序各自的路径。立即生效。</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>&amp;Appearance:</source>
        <translation>外观(&amp;A)：</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>&amp;Language:</source>
        <translation>语言(&amp;L)：</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Takes effect at the next start.</source>
        <translation>下次启动时生效。</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Window</source>
        <translation>窗口</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>&amp;Open</source>
        <translation>打开(&amp;O)</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>&amp;Data folder:</source>
        <translation>数据文件夹(&amp;D)：</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>&amp;Workers:</source>
        <translation>工作进程(&amp;W)：</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Images that are worked on at the same time. Takes effect at once; a worker that is too many finishes its image first.</source>
        <translation>同时处理的图片数。立即生效；多余的工作进程会先完成手中的图片。</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>&amp;Time limit:</source>
        <translation>时间限制(&amp;T)：</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>For one attempt at one image. Holds for attempts that begin from now on.</source>
        <translation>针对一张图片的一次尝试。适用于今后开始的尝试。</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>&amp;Memory limit:</source>
        <translation>内存限制(&amp;M)：</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>For each worker. Holds for attempts that begin from now on.</source>
        <translation>针对每个工作进程。适用于今后开始的尝试。</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>&amp;Retries:</source>
        <translation>重试次数(&amp;R)：</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>After the first attempt, where a retry can help. For images that are added from now on.</source>
        <translation>首次尝试之后，在重试可能有用时。适用于今后添加的图片。</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>&amp;Aging:</source>
        <translation>等待提升(&amp;A)：</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Time to &amp;finish:</source>
        <translation>收尾时间(&amp;F)：</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <location filename="../../gui/recipe_bar.py"/>
        <source>If a file is t&amp;here:</source>
        <translation>如果文件已存在(&amp;H)：</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>For images that are added from now on.</source>
        <translation>适用于今后添加的图片。</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>&amp;Leave out of folders:</source>
        <translation>文件夹中忽略(&amp;L)：</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>&amp;Only the formats:</source>
        <translation>仅限格式(&amp;O)：</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Nothing here means all.</source>
        <translation>留空表示全部。</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Files of at &amp;least:</source>
        <translation>文件至少(&amp;L)：</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Smaller files of a folder are left out.</source>
        <translation>文件夹中更小的文件会被忽略。</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>What was made before is told by what a file holds, not by its time.</source>
        <translation>根据文件内容而不是时间判断是否已处理过。</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Take h&amp;idden files of folders, too</source>
        <translation>也包括文件夹中的隐藏文件(&amp;I)</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Open ar&amp;chives in folders</source>
        <translation>打开文件夹中的压缩包(&amp;C)</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Archives that are added by themselves are always opened.</source>
        <translation>单独添加的压缩包总会打开。</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>&amp;Notify me when all is done</source>
        <translation>全部完成时通知我(&amp;N)</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Once a run, with the failures in it, only where the window is not in front.</source>
        <translation>每轮一次，包含失败项，仅在窗口不在前台时。</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>&amp;When done, at each start:</source>
        <translation>完成后，每次启动时(&amp;W)：</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>What ends something, such as to shut down, is chosen in the window each time.</source>
        <translation>会结束某些内容的操作（例如关机）需每次在窗口中选择。</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>&amp;Keep the machine awake while images are worked on</source>
        <translation>处理图片时不让电脑休眠(&amp;K)</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Show an &amp;icon in the tray</source>
        <translation>在系统托盘中显示图标(&amp;I)</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Command after &amp;each image:</source>
        <translation>每张图片后的命令(&amp;E)：</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>{source}, {output}, {outputs}, {id} and {recipe} stand for what they say; no shell reads them. One that fails is noted in the image's row.</source>
        <translation>{source}、{output}、{outputs}、{id} 和 {recipe} 代表各自的含义；不经过 shell。命令失败会记在图片所在的行。</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Command after &amp;all:</source>
        <translation>全部完成后的命令(&amp;A)：</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>{done}, {failed}, {skipped} and {cancelled} stand for how many.</source>
        <translation>{done}、{failed}、{skipped} 和 {cancelled} 代表数量。</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Time for a co&amp;mmand:</source>
        <translation>命令的时间(&amp;M)：</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Then it is ended.</source>
        <translation>到时将被终止。</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Restore the defaults of all preferences?</source>
        <translation>要恢复所有首选项的默认值吗？</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>The queue, the recipes and the watched folders stay as they are.</source>
        <translation>队列、配方和监视的文件夹保持不变。</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Restore</source>
        <translation>恢复</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>s</source>
        <translation>秒</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>No limit</source>
        <translation>无限制</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <location filename="../../gui/words.py"/>
        <source>MB</source>
        <translation>MB</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>min</source>
        <translation>分钟</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Never</source>
        <translation>从不</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>For example:
*-small.jpg
old/</source>
        <translation>例如：
*-small.jpg
old/</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>For example: jpeg, png, raw</source>
        <translation>例如：jpeg, png, raw</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <location filename="../../gui/recipes/labels.py"/>
        <location filename="../../gui/words.py"/>
        <source>kB</source>
        <translation>kB</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Any size</source>
        <translation>任意大小</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>For example: rsync {output} backup:/photos/</source>
        <translation>例如：rsync {output} backup:/photos/</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>For example: notify-send '{done} done, {failed} failed'</source>
        <translation>例如：notify-send '{done} 完成，{failed} 失败'</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>As the system</source>
        <translation>跟随系统</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>The queue, the settings and the log are kept here. Another folder is taken at the next start, with --data-dir or the variable {0}.</source>
        <translation>队列、设置和日志保存在此处。可用 --data-dir 或变量 {0} 指定其他文件夹，下次启动时生效。</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>A worker needs 64 MB or more; 0 is for no limit.</source>
        <translation>工作进程至少需要 64 MB；0 表示无限制。</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>An image that has waited so long goes before any priority. {0}</source>
        <translation>等待了这么久的图片优先于任何优先级。{0}</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>That images being worked on get when you quit. {0}</source>
        <translation>退出时留给处理中图片的时间。{0}</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <location filename="../../gui/recipe_bar.py"/>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Keep it</source>
        <translation>保留</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <location filename="../../gui/recipe_bar.py"/>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Number the new one</source>
        <translation>为新文件编号</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <location filename="../../gui/recipe_bar.py"/>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Replace it</source>
        <translation>替换</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <location filename="../../gui/recipe_bar.py"/>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Replace it if older</source>
        <translation>较旧时替换</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>One pattern a line, as in a .gitignore. {0}</source>
        <translation>每行一个模式，同 .gitignore。{0}</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Do nothing more</source>
        <translation>不执行其他操作</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Notify me in any case</source>
        <translation>总是通知我</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Open the folder</source>
        <translation>打开文件夹</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>{0} Where the desktop has a tray.</source>
        <translation>{0}在有系统托盘的桌面上。</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>It</source>
        <translation>此项</translation>
    </message>
    <message>
        <location filename="../../gui/progress.py"/>
        <source>Progress of the whole run</source>
        <translation>整体进度</translation>
    </message>
    <message>
        <location filename="../../gui/progress.py"/>
        <source>Show what failed, and what to do about it</source>
        <translation>显示失败项及解决办法</translation>
    </message>
    <message>
        <location filename="../../gui/progress.py"/>
        <source>saved {0} ({1})</source>
        <translation>节省 {0}（{1}）</translation>
    </message>
    <message>
        <location filename="../../gui/progress.py"/>
        <source>{0} larger ({1})</source>
        <translation>增大 {0}（{1}）</translation>
    </message>
    <message>
        <location filename="../../gui/progress.py"/>
        <source>{0} of {1}</source>
        <translation>{0} / {1}</translation>
    </message>
    <message>
        <location filename="../../gui/progress.py"/>
        <source>Paused, {0}</source>
        <translation>已暂停，{0}</translation>
    </message>
    <message>
        <location filename="../../gui/progress.py"/>
        <source>{0} images/s</source>
        <translation>{0} 张/秒</translation>
    </message>
    <message>
        <location filename="../../gui/queue_files.py"/>
        <source>No image is waiting any more; nothing was written.</source>
        <translation>已没有等待中的图片；未写入任何内容。</translation>
    </message>
    <message>
        <location filename="../../gui/queue_files.py"/>
        <source>Import a queue</source>
        <translation>导入队列</translation>
    </message>
    <message>
        <location filename="../../gui/queue_files.py"/>
        <source>Left out, as they are on this machine alone (pasted pictures, archives, images that become one file): {0}.</source>
        <translation>已忽略，因为只在此电脑上（粘贴的图片、压缩包、合并为一个文件的图片）：{0}。</translation>
    </message>
    <message>
        <location filename="../../gui/queue_files.py"/>
        <source>Exported {0} to {1}.</source>
        <translation>已将 {0} 导出到 {1}。</translation>
    </message>
    <message>
        <location filename="../../gui/queue_files.py"/>
        <source>Image Queue jobs (*{0})</source>
        <translation>Image Queue 任务 (*{0})</translation>
    </message>
    <message>
        <location filename="../../gui/queue_files.py"/>
        <source>They wait here, too.</source>
        <translation>它们在此处也继续等待。</translation>
    </message>
    <message>
        <location filename="../../gui/queue_files.py"/>
        <source>Held here until they are released: {0}.</source>
        <translation>在此处暂缓，直到放行：{0}。</translation>
    </message>
    <message>
        <location filename="../../gui/queue_files.py"/>
        <source>Nothing was written.</source>
        <translation>未写入任何内容。</translation>
    </message>
    <message>
        <location filename="../../gui/queue_files.py"/>
        <source>Removed from the list here: {0}.</source>
        <translation>已从此处列表中移除：{0}。</translation>
    </message>
    <message>
        <location filename="../../gui/queue_model.py"/>
        <source>Cancelling…</source>
        <translation>正在取消…</translation>
    </message>
    <message>
        <location filename="../../gui/queue_model.py"/>
        <source>Running {n} %</source>
        <translation>处理中 {n} %</translation>
    </message>
    <message>
        <location filename="../../gui/queue_model.py"/>
        <source>Retrying in {time}</source>
        <translation>{time} 后重试</translation>
    </message>
    <message>
        <location filename="../../gui/queue_model.py"/>
        <source>number {n} in the queue</source>
        <translation>队列中第 {n} 位</translation>
    </message>
    <message>
        <location filename="../../gui/queue_model.py"/>
        <source>priority {word}</source>
        <translation>优先级{word}</translation>
    </message>
    <message>
        <location filename="../../gui/queue_view.py"/>
        <source>Images in the queue</source>
        <translation>队列中的图片</translation>
    </message>
    <message>
        <location filename="../../gui/queue_view.py"/>
        <source>Fit widths to contents</source>
        <translation>列宽适应内容</translation>
    </message>
    <message>
        <location filename="../../gui/queue_view.py"/>
        <source>Restore default columns</source>
        <translation>恢复默认列</translation>
    </message>
    <message>
        <location filename="../../gui/queue_view.py"/>
        <source>The order in which they were added</source>
        <translation>添加的顺序</translation>
    </message>
    <message>
        <location filename="../../gui/queue_view.py"/>
        <source>Rising</source>
        <translation>升序</translation>
    </message>
    <message>
        <location filename="../../gui/queue_view.py"/>
        <source>Falling</source>
        <translation>降序</translation>
    </message>
    <message>
        <location filename="../../gui/recipe_bar.py"/>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Output folder</source>
        <translation>输出文件夹</translation>
    </message>
    <message>
        <location filename="../../gui/recipe_bar.py"/>
        <source>Keep su&amp;bfolders</source>
        <translation>保留子文件夹(&amp;B)</translation>
    </message>
    <message>
        <location filename="../../gui/recipe_bar.py"/>
        <source>In the output folder, use the same folders as below the folder that you add</source>
        <translation>在输出文件夹中使用与所添加文件夹相同的子文件夹</translation>
    </message>
    <message>
        <location filename="../../gui/recipe_bar.py"/>
        <source>If a file is there already</source>
        <translation>如果文件已存在</translation>
    </message>
    <message>
        <location filename="../../gui/recipe_bar.py"/>
        <source>What is made of links goes to your Pictures folder</source>
        <translation>由链接生成的文件放到您的“图片”文件夹</translation>
    </message>
    <message>
        <location filename="../../gui/recipe_bar.py"/>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Replace the original</source>
        <translation>替换原文件</translation>
    </message>
    <message>
        <location filename="../../gui/recipe_bar.py"/>
        <source>Choose a folder…</source>
        <translation>选择文件夹…</translation>
    </message>
    <message>
        <location filename="../../gui/recipe_bar.py"/>
        <location filename="../../gui/recipes/changing.py"/>
        <source>Edit recipes…</source>
        <translation>编辑配方…</translation>
    </message>
    <message>
        <location filename="../../gui/recipe_bar.py"/>
        <source>Load a recipe file…</source>
        <translation>加载配方文件…</translation>
    </message>
    <message>
        <location filename="../../gui/recipe_bar.py"/>
        <source>This recipe makes one file of many images: it cannot replace them</source>
        <translation>此配方将多张图片合成一个文件：无法替换它们</translation>
    </message>
    <message>
        <location filename="../../gui/recipe_bar.py"/>
        <source>What is made takes the original's place, and the original goes to the trash</source>
        <translation>结果取代原文件，原文件移到回收站</translation>
    </message>
    <message>
        <location filename="../../gui/recipe_bar.py"/>
        <source>One file of many images has no one source that could be newer</source>
        <translation>由多张图片合成的文件没有可供比较新旧的单一源文件</translation>
    </message>
    <message>
        <location filename="../../gui/recipe_bar.py"/>
        <source>Replace the original (by the recipe)</source>
        <translation>替换原文件（按配方）</translation>
    </message>
    <message>
        <location filename="../../gui/recipe_bar.py"/>
        <source>Load a recipe file</source>
        <translation>加载配方文件</translation>
    </message>
    <message>
        <location filename="../../gui/recipe_bar.py"/>
        <location filename="../../gui/recipes/editor.py"/>
        <source>Recipes (*.toml)</source>
        <translation>配方 (*.toml)</translation>
    </message>
    <message>
        <location filename="../../gui/recipe_bar.py"/>
        <source>Choose the output folder</source>
        <translation>选择输出文件夹</translation>
    </message>
    <message>
        <location filename="../../gui/recipe_bar.py"/>
        <source>Reci&amp;pe:</source>
        <translation>配方(&amp;P)：</translation>
    </message>
    <message>
        <location filename="../../gui/recipe_bar.py"/>
        <source>&amp;To:</source>
        <translation>输出到(&amp;T)：</translation>
    </message>
    <message>
        <location filename="../../gui/recipe_bar.py"/>
        <source>This recipe makes {0} files of each image: they cannot replace it</source>
        <translation>此配方为每张图片生成 {0} 个文件：无法替换原文件</translation>
    </message>
    <message>
        <location filename="../../gui/recipe_bar.py"/>
        <source>{0} (by the recipe)</source>
        <translation>{0}（按配方）</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/book.py"/>
        <location filename="../../gui/recipes/editor.py"/>
        <source>Recipes</source>
        <translation>配方</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/book.py"/>
        <source>Built in</source>
        <translation>内置</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/book.py"/>
        <source>Your own</source>
        <translation>自定义</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/book.py"/>
        <source>This is the default.</source>
        <translation>这是默认配方。</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/book.py"/>
        <source>{0}, the default</source>
        <translation>{0}，默认</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/changing.py"/>
        <source>Change recipe</source>
        <translation>更改配方</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/changing.py"/>
        <source>{0} will become “{1}”.</source>
        <translation>{0}将改用“{1}”。</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/changing.py"/>
        <source>None of these images waits any more.</source>
        <translation>这些图片都不再等待。</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/changing.py"/>
        <source>{0} stay as they are: they are gathered into one file.</source>
        <translation>{0}保持不变：它们会合并为一个文件。</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/controls.py"/>
        <source>Choose a colour</source>
        <translation>选择颜色</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/controls.py"/>
        <source>Insert a part of the name</source>
        <translation>插入名称的一部分</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/controls.py"/>
        <source>Transparent</source>
        <translation>透明</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/controls.py"/>
        <source>Choose: {0}</source>
        <translation>选择：{0}</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/controls.py"/>
        <source>For example {0}</source>
        <translation>例如 {0}</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/deeds.py"/>
        <source>&amp;New recipe</source>
        <translation>新建配方(&amp;N)</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/deeds.py"/>
        <source>&amp;Duplicate</source>
        <translation>复制一份(&amp;D)</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/deeds.py"/>
        <source>&amp;Rename</source>
        <translation>重命名(&amp;R)</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/deeds.py"/>
        <source>D&amp;elete</source>
        <translation>删除(&amp;E)</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/deeds.py"/>
        <source>&amp;Import…</source>
        <translation>导入(&amp;I)…</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/deeds.py"/>
        <source>E&amp;xport…</source>
        <translation>导出(&amp;X)…</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/deeds.py"/>
        <source>Set as de&amp;fault</source>
        <translation>设为默认(&amp;F)</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/deeds.py"/>
        <source>&amp;Close</source>
        <translation>关闭(&amp;C)</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/deeds.py"/>
        <source>&amp;Redo</source>
        <translation>重做(&amp;R)</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/deeds.py"/>
        <source>An &amp;output</source>
        <translation>一个输出(&amp;O)</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/deeds.py"/>
        <source>Re&amp;move</source>
        <translation>移除(&amp;M)</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/deeds.py"/>
        <source>Move &amp;down</source>
        <translation>下移(&amp;D)</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/deeds.py"/>
        <source>&amp;Add</source>
        <translation>添加(&amp;A)</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/deeds.py"/>
        <source>More</source>
        <translation>更多</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/deeds.py"/>
        <source>&amp;Recipe</source>
        <translation>配方(&amp;R)</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/editor.py"/>
        <source>This recipe comes with the app, and stays as it is.</source>
        <translation>此配方随应用提供，不能更改。</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/editor.py"/>
        <source>Duplicate to change it</source>
        <translation>复制一份以便修改</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/editor.py"/>
        <source>switching on</source>
        <translation>启用</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/editor.py"/>
        <source>switching off</source>
        <translation>停用</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/editor.py"/>
        <source>moving</source>
        <translation>移动</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/editor.py"/>
        <source>adding an output</source>
        <translation>添加输出</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/editor.py"/>
        <source>New recipe</source>
        <translation>新配方</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/editor.py"/>
        <source>renaming</source>
        <translation>重命名</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/editor.py"/>
        <source>Import a recipe</source>
        <translation>导入配方</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/editor.py"/>
        <source>Export the recipe</source>
        <translation>导出配方</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/editor.py"/>
        <source>change of {0}</source>
        <translation>更改{0}</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/editor.py"/>
        <source>adding {0}</source>
        <translation>添加{0}</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/editor.py"/>
        <source>adding a recipe</source>
        <translation>添加配方</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/editor.py"/>
        <source>duplicating</source>
        <translation>复制</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/editor.py"/>
        <source>Deleted “{0}”. Jobs that have it keep it.</source>
        <translation>已删除“{0}”。使用它的任务会保留它。</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/editor.py"/>
        <location filename="../../gui/recipes/recipes.py"/>
        <source>importing</source>
        <translation>导入</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/editor.py"/>
        <source>Exported to {0}.</source>
        <translation>已导出到 {0}。</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/editor.py"/>
        <source>removing {0}</source>
        <translation>移除{0}</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/editor.py"/>
        <source>deleting {0}</source>
        <translation>删除{0}</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/editor.py"/>
        <source>Imported “{0}”.</source>
        <translation>已导入“{0}”。</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Width</source>
        <translation>宽度</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Height</source>
        <translation>高度</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Background</source>
        <translation>背景</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Enlarge small images</source>
        <translation>放大小图片</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Radius</source>
        <translation>半径</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Description</source>
        <translation>说明</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Keep subfolders</source>
        <translation>保留子文件夹</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>If a file is there</source>
        <translation>如果文件已存在</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Keep the time of change</source>
        <translation>保留修改时间</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Fast decoding of JPEG</source>
        <translation>快速解码 JPEG</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Skip files that get larger</source>
        <translation>跳过会变大的文件</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Gather into one file</source>
        <translation>合并为一个文件</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>File name</source>
        <translation>文件名</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Quality</source>
        <translation>质量</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Without loss</source>
        <translation>无损</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Progressive</source>
        <translation>渐进式</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Smaller by MozJPEG</source>
        <translation>用 MozJPEG 压得更小</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Colour detail</source>
        <translation>色彩细节</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Palette</source>
        <translation>调色板</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Keep animations</source>
        <translation>保留动画</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>PNG compression</source>
        <translation>PNG 压缩</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>TIFF compression</source>
        <translation>TIFF 压缩</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Effort</source>
        <translation>压缩力度</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>At most</source>
        <translation>最多</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Looks the same</source>
        <translation>看起来相同</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Fill the box</source>
        <translation>填满框</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Scale</source>
        <translation>缩放比例</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Stretch to exactly the box</source>
        <translation>拉伸到与框完全一致</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>How it fits</source>
        <translation>适应方式</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>From the left</source>
        <translation>距左边</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>From the top</source>
        <translation>距顶部</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Width to height</source>
        <translation>宽高比</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Around</source>
        <translation>围绕</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Tolerance</source>
        <translation>容差</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Angle</source>
        <translation>角度</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Direction</source>
        <translation>方向</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Text</source>
        <translation>文字</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Image</source>
        <translation>图片</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Size</source>
        <translation>大小</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Opacity</source>
        <translation>不透明度</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Margin</source>
        <translation>边距</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Repeat all over</source>
        <translation>平铺</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Colour</source>
        <translation>颜色</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Font file</source>
        <translation>字体文件</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Amount</source>
        <translation>强度</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Threshold</source>
        <translation>阈值</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Brightness</source>
        <translation>亮度</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Contrast</source>
        <translation>对比度</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Saturation</source>
        <translation>饱和度</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Profile file</source>
        <translation>配置文件</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Density</source>
        <translation>分辨率</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>px</source>
        <translation>像素</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>%</source>
        <translation>%</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Strip</source>
        <translation>去除</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Keep, without the location</source>
        <translation>保留，但去除位置</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Convert to sRGB</source>
        <translation>转换为 sRGB</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Keep, with their profile</source>
        <translation>保留，连同其配置文件</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>As in the source</source>
        <translation>与源相同</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>sRGB</source>
        <translation>sRGB</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Display P3</source>
        <translation>Display P3</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Fill the box, cut off the rest</source>
        <translation>填满框，裁去其余部分</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Cover the box, cut off nothing</source>
        <translation>覆盖框，不裁剪</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Inside the box, filled up with a colour</source>
        <translation>在框内，用颜色填充</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Stretched to exactly the box</source>
        <translation>拉伸到与框完全一致</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>The part that draws the eye</source>
        <translation>最吸引目光的部分</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Left and right</source>
        <translation>左右</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Top and bottom</source>
        <translation>上下</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>4:4:4, full</source>
        <translation>4:4:4，完整</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>4:2:2, half across</source>
        <translation>4:2:2，水平减半</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>4:2:0, half both ways</source>
        <translation>4:2:0，双向减半</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Top left</source>
        <translation>左上</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Top</source>
        <translation>顶部</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Top right</source>
        <translation>右上</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Left</source>
        <translation>左</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Centre</source>
        <translation>居中</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Right</source>
        <translation>右</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Bottom left</source>
        <translation>左下</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Bottom</source>
        <translation>底部</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Bottom right</source>
        <translation>右下</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>By</source>
        <translation>按</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Add an output, or switch one on.</source>
        <translation>请添加一个输出，或启用一个。</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Give it a name.</source>
        <translation>请为其命名。</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Another output has this name.</source>
        <translation>另一个输出已使用此名称。</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Choose a folder, or give its whole path.</source>
        <translation>请选择文件夹，或输入其完整路径。</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Choose a file, or give its whole path.</source>
        <translation>请选择文件，或输入其完整路径。</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>As the source</source>
        <translation>与源相同</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>As usual</source>
        <translation>默认</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>A whole number from {low} to {high}</source>
        <translation>{low} 到 {high} 的整数</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>{low} to {high}</source>
        <translation>{low} 到 {high}</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>the source's name</source>
        <translation>源文件名</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>the output's name</source>
        <translation>输出名</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>width in pixels</source>
        <translation>宽度（像素）</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>height in pixels</source>
        <translation>高度（像素）</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>a counter, as 0001</source>
        <translation>计数，如 0001</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>when it was taken, as 2026-11-25</source>
        <translation>拍摄日期，如 2026-11-25</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>folders by year and month</source>
        <translation>按年月分文件夹</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>the time of day, as 10-31-05</source>
        <translation>时间，如 10-31-05</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>the camera</source>
        <translation>相机</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>the source's suffix</source>
        <translation>源文件的扩展名</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>What holds for all files that this recipe makes.</source>
        <translation>适用于此配方生成的所有文件。</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>One file that is made of each image.</source>
        <translation>由每张图片生成的一个文件。</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Fits the image into a box, or fills the box and cuts off what stands out.</source>
        <translation>使图片适应一个框，或填满框并裁去超出的部分。</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Scales the image. It gets larger only where you allow that.</source>
        <translation>缩放图片。只有在您允许时才会放大。</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Cuts out a part of the image.</source>
        <translation>裁出图片的一部分。</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Turns the image clockwise.</source>
        <translation>顺时针旋转图片。</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Mirrors the image.</source>
        <translation>镜像翻转图片。</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Sets the image upright by its EXIF, which is always done first.</source>
        <translation>按 EXIF 将图片转正，这总是最先进行。</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Puts a text or an image onto the image.</source>
        <translation>在图片上添加文字或图片。</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Puts an even border around the image, which grows by it.</source>
        <translation>在图片四周加上等宽的边框，图片会因此变大。</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Sharpens for the size of the output; best as the last step.</source>
        <translation>按输出尺寸锐化；最好放在最后一步。</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Blurs the whole image.</source>
        <translation>模糊整张图片。</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Takes the colours away.</source>
        <translation>去除颜色。</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Changes brightness, contrast and saturation.</source>
        <translation>更改亮度、对比度和饱和度。</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Lays what is transparent on a colour.</source>
        <translation>为透明部分铺上底色。</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Writes this output in other colours than the rest.</source>
        <translation>以不同于其他输出的颜色写入此输出。</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Keeps or strips the metadata of this output, and names who made it.</source>
        <translation>保留或去除此输出的元数据，并注明作者。</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Notes the density for print. No pixel changes.</source>
        <translation>记录打印分辨率。不改变任何像素。</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>of 100</source>
        <translation>/ 100</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>of 9</source>
        <translation>/ 9</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>of 10</source>
        <translation>/ 10</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>megapixels</source>
        <translation>百万像素</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>levels of 255</source>
        <translation>级（共 255）</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>° clockwise</source>
        <translation>° 顺时针</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>% of the image</source>
        <translation>% 图片</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>% of the shorter side</source>
        <translation>% 短边</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>px on each side</source>
        <translation>像素（每边）</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>pixels per inch</source>
        <translation>像素/英寸</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>as usual</source>
        <translation>默认</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>as wide</source>
        <translation>与宽度相同</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>in proportion</source>
        <translation>按比例</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>as for all outputs</source>
        <translation>与所有输出相同</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>the app's own</source>
        <translation>应用自带</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>one sentence</source>
        <translation>一句话</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>choose a folder</source>
        <translation>选择文件夹</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Lets the JPEG decoder shrink; off is a little better, and slower.</source>
        <translation>让 JPEG 解码器缩小图片；关闭时稍好但更慢。</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Laid under transparency where the format has none.</source>
        <translation>格式不支持透明时铺在下面。</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>A file with more bytes than its source is not written.</source>
        <translation>字节数超过源文件的文件不会写入。</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>The files get the time at which their source was last changed.</source>
        <translation>文件会使用源文件最后修改的时间。</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>In the folder, the same folders as below the folder that you add.</source>
        <translation>在该文件夹中使用与所添加文件夹相同的子文件夹。</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>All images that are added together become the pages of one PDF or TIFF.</source>
        <translation>一起添加的所有图片成为一个 PDF 或 TIFF 的各页。</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>0 is the fastest, 10 the smallest.</source>
        <translation>0 最快，10 最小。</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>0 is the fastest, 9 the smallest; the pixels are the same.</source>
        <translation>0 最快，9 最小；像素相同。</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>A sixth smaller at the same quality, and slower.</source>
        <translation>同等质量下小六分之一，但更慢。</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Shows coarse first while it is loaded.</source>
        <translation>加载时先显示粗略的图像。</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>The part that draws the eye is found by edges, skin and strong colours.</source>
        <translation>通过边缘、肤色和鲜艳的颜色找出最吸引目光的部分。</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>How far the borders that are cut off may differ in colour.</source>
        <translation>要裁去的边缘允许的颜色差异。</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Smaller differences stay as they are: noise is not to be sharpened.</source>
        <translation>更小的差异保持不变：不应锐化噪点。</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>{n} colours</source>
        <translation>{n} 种颜色</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Quality by</source>
        <translation>质量依据</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Mark</source>
        <translation>标记</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Profile</source>
        <translation>配置文件</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>In a folder</source>
        <translation>放到文件夹</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>In the original's place, which goes to the trash</source>
        <translation>取代原文件，原文件移到回收站</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>A number</source>
        <translation>数值</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>The size of the file</source>
        <translation>文件大小</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>The eye: looks the same</source>
        <translation>目视：看起来相同</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Nothing lost</source>
        <translation>无损</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Width and height</source>
        <translation>宽度和高度</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Per cent</source>
        <translation>百分比</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Megapixels</source>
        <translation>百万像素</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Proportions</source>
        <translation>比例</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>The borders</source>
        <translation>边缘</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>A text</source>
        <translation>文字</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>An image file</source>
        <translation>图片文件</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>A known one</source>
        <translation>已知配置</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>A file</source>
        <translation>文件</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>All outputs</source>
        <translation>所有输出</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Output</source>
        <translation>输出</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Thumbnail</source>
        <translation>缩略图</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Resize</source>
        <translation>缩放</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Crop</source>
        <translation>裁剪</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Rotate</source>
        <translation>旋转</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Flip</source>
        <translation>翻转</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Set upright</source>
        <translation>转正</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Watermark</source>
        <translation>水印</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Border</source>
        <translation>边框</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Sharpen</source>
        <translation>锐化</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Blur</source>
        <translation>模糊</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Grey</source>
        <translation>灰度</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Adjust</source>
        <translation>调整</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Flatten</source>
        <translation>合并透明</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Colour profile</source>
        <translation>颜色配置</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Print density</source>
        <translation>打印分辨率</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Inside the box</source>
        <translation>在框内</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>The centre</source>
        <translation>中心</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>As for all outputs</source>
        <translation>与所有输出相同</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>All colours</source>
        <translation>所有颜色</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/outline.py"/>
        <source>Outputs and operations</source>
        <translation>输出和操作</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/outline.py"/>
        <source>{0}, switched off</source>
        <translation>{0}，已停用</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/preview_pane.py"/>
        <source>Add images to the queue, or choose one,
to see what becomes of it.</source>
        <translation>请向队列添加图片，或选择一张，
以查看处理结果。</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/preview_pane.py"/>
        <source>Image to look at</source>
        <translation>要查看的图片</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/preview_pane.py"/>
        <source>Look at another image</source>
        <translation>查看另一张图片</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/preview_pane.py"/>
        <source>larger than the source</source>
        <translation>比源文件大</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/preview_pane.py"/>
        <source>Look at an image</source>
        <translation>查看图片</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/preview_pane.py"/>
        <source>{0} bytes</source>
        <translation>{0} 字节</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/preview_pane.py"/>
        <source>It would not be written, as it is larger than its source.</source>
        <translation>不会写入，因为它比源文件大。</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/preview_pane.py"/>
        <source>Being made…</source>
        <translation>正在生成…</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/preview_pane.py"/>
        <source>About {0}, being made…</source>
        <translation>约 {0}，正在生成…</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/preview_pane.py"/>
        <source>{0} smaller</source>
        <translation>小 {0}</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/preview_pane.py"/>
        <source>{0} becomes {1}</source>
        <translation>{0} 变为 {1}</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/recipes.py"/>
        <source>Edit it</source>
        <translation>编辑</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/recipes.py"/>
        <source>Imported the recipe “{0}”, which is chosen now.</source>
        <translation>已导入配方“{0}”，现在已选中。</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Ready.</source>
        <translation>就绪。</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Make room on the disk, or choose another output folder; then press Start.</source>
        <translation>请在磁盘上腾出空间，或选择其他输出文件夹；然后按“开始”。</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Choose an output folder that you may write to, and retry.</source>
        <translation>请选择您有写入权限的输出文件夹，然后重试。</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Change the file's permissions so that you may read it, then retry.</source>
        <translation>请更改文件权限以便读取，然后重试。</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>See whether there is room and a trash on that disk, or let outputs go to a folder.</source>
        <translation>请检查该磁盘是否有空间和回收站，或将输出放到文件夹中。</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Choose another place for the outputs than that of the original.</source>
        <translation>请为输出选择与原文件不同的位置。</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Close the program that uses the file, then retry.</source>
        <translation>请关闭正在使用该文件的程序，然后重试。</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Check the disk or the network connection, then retry.</source>
        <translation>请检查磁盘或网络连接，然后重试。</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>The file may be damaged in a way that its decoder does not survive.</source>
        <translation>文件可能已损坏，导致解码器崩溃。</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>See in View, Machines whether it is there again, then retry.</source>
        <translation>请在“视图”、“电脑”中查看它是否恢复，然后重试。</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Retry when the machine has less to do, or raise the time limit in the preferences.</source>
        <translation>请在电脑空闲时重试，或在首选项中提高时间限制。</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Raise the memory limit in the preferences, or make the image smaller first.</source>
        <translation>请在首选项中提高内存限制，或先缩小图片。</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Retry it: the app ended while the image was being worked on.</source>
        <translation>请重试：处理图片时应用退出了。</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Install the package that the message names, then retry.</source>
        <translation>请安装消息中提到的软件包，然后重试。</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Check the network connection, then retry.</source>
        <translation>请检查网络连接，然后重试。</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Retry when the network is less busy; what was downloaded so far is kept.</source>
        <translation>请在网络空闲时重试；已下载的部分会保留。</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Wait until the server is well again, then retry.</source>
        <translation>请等服务器恢复后重试。</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Check the shared folder and the network between the machines, then retry.</source>
        <translation>请检查共享文件夹和各电脑之间的网络，然后重试。</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Close the other Image Queue first.</source>
        <translation>请先关闭另一个 Image Queue。</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Check the disk and the permissions of the data folder.</source>
        <translation>请检查磁盘和数据文件夹的权限。</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Update Image Queue to the version that wrote the queue.</source>
        <translation>请将 Image Queue 更新到写入该队列的版本。</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Bring the file back to where it was, then retry; or remove it from the list.</source>
        <translation>请将文件放回原处后重试；或从列表中移除。</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Remove it from the list: this file holds no picture that can be read.</source>
        <translation>请从列表中移除：此文件没有可读取的图片。</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Get the file again from where it came from: a part of it is missing or wrong.</source>
        <translation>请重新获取该文件：它有一部分缺失或有误。</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Open it in another program and save it anew: something in it ends the decoder each time.</source>
        <translation>请用其他程序打开并重新保存：其中的某些内容每次都会使解码器崩溃。</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Make it smaller with another program first: it has too many pixels to be safe.</source>
        <translation>请先用其他程序缩小它：像素过多，处理不安全。</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Look in the browser where the image has gone, and drop that link.</source>
        <translation>请在浏览器中查找图片的新位置，并拖入该链接。</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Save the image with your browser, which may be logged in; then drop the file.</source>
        <translation>请用浏览器（可能已登录）保存图片，然后拖入该文件。</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Copy the link of the image itself, and add that.</source>
        <translation>请复制图片本身的链接并添加。</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Check the date of this machine; or get the image from another place.</source>
        <translation>请检查此电脑的日期；或从别处获取图片。</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Download it with your browser, if it is to be so large; then drop the file.</source>
        <translation>如果确实这么大，请用浏览器下载，然后拖入文件。</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Add the images that the page names, or drag one of them out of the page.</source>
        <translation>请添加该网页中的图片，或从网页中拖出一张。</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Export the queue anew on the other machine, and import that file.</source>
        <translation>请在另一台电脑上重新导出队列，再导入该文件。</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Choose another recipe in the window, and retry with it.</source>
        <translation>请在窗口中选择其他配方后重试。</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Choose a recipe with a shorter or another name template, and retry with it.</source>
        <translation>请选择名称模板更短或不同的配方后重试。</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Choose a recipe with another format in the window, and retry with it.</source>
        <translation>请在窗口中选择使用其他格式的配方后重试。</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Check the value that the message names.</source>
        <translation>请检查消息中提到的值。</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>This is a mistake in Image Queue. Please report it with the details below.</source>
        <translation>这是 Image Queue 的错误。请附上下方的详细信息报告。</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>All {n} wait to be tried again, the next one in {when}.</source>
        <translation>全部 {n} 张等待重试，下一张在 {when} 后。</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>All done.</source>
        <translation>全部完成。</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Paused by you.</source>
        <translation>已由您暂停。</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>1 image is waiting for a worker.</source>
        <translation>1 张图片等待工作进程。</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>{n} images are waiting for a worker.</source>
        <translation>{n} 张图片等待工作进程。</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>1 image is held.</source>
        <translation>1 张图片已暂缓。</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>{n} images are held.</source>
        <translation>{n} 张图片已暂缓。</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Finished; 1 failed.</source>
        <translation>已结束；1 张失败。</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Finished; {n} failed.</source>
        <translation>已结束；{n} 张失败。</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Pausing: {n} finishing.</source>
        <translation>正在暂停：{n} 张即将完成。</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>{n} of {slots} workers busy.</source>
        <translation>{slots} 个工作进程中有 {n} 个在忙。</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>1 image could be brought over from it.</source>
        <translation>从中恢复了 1 张图片。</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>{n} images could be brought over from it.</source>
        <translation>从中恢复了 {n} 张图片。</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Image Queue closed unexpectedly; nothing was lost.</source>
        <translation>Image Queue 意外关闭；没有丢失任何内容。</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Image Queue closed unexpectedly.</source>
        <translation>Image Queue 意外关闭。</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>1 image was made on another machine while Image Queue was closed.</source>
        <translation>Image Queue 关闭期间，另一台电脑完成了 1 张图片。</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>{n} images were made on other machines while Image Queue was closed.</source>
        <translation>Image Queue 关闭期间，其他电脑完成了 {n} 张图片。</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Paused: {reason}</source>
        <translation>已暂停：{reason}</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Paused by you, {n} waiting.</source>
        <translation>已由您暂停，{n} 张等待中。</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>1 image waits to be tried again, in {when}.</source>
        <translation>1 张图片等待重试，{when} 后。</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>The queue's file was damaged. It was kept as {path}, and a new one was made.</source>
        <translation>队列文件已损坏。它已保存为 {path}，并新建了一个。</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>1 running image was put back.</source>
        <translation>1 张处理中的图片已放回队列。</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>{n} running images were put back.</source>
        <translation>{n} 张处理中的图片已放回队列。</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>1 was complete.</source>
        <translation>1 张已完整。</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>{n} were complete.</source>
        <translation>{n} 张已完整。</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>1 had no attempt left.</source>
        <translation>1 张已无剩余尝试次数。</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>{n} had no attempt left.</source>
        <translation>{n} 张已无剩余尝试次数。</translation>
    </message>
    <message>
        <location filename="../../gui/report.py"/>
        <source>Diagnostics</source>
        <translation>诊断信息</translation>
    </message>
    <message>
        <location filename="../../gui/report.py"/>
        <source>When you report a mistake, add this text, and a line on what you did.</source>
        <translation>报告错误时，请附上此文本，并简要说明您的操作。</translation>
    </message>
    <message>
        <location filename="../../gui/report.py"/>
        <source>With the &amp;paths of my files</source>
        <translation>包含我的文件路径(&amp;P)</translation>
    </message>
    <message>
        <location filename="../../gui/report.py"/>
        <source>What was being worked on</source>
        <translation>当时正在处理的内容</translation>
    </message>
    <message>
        <location filename="../../gui/report.py"/>
        <source>These images were being worked on when Image Queue closed unexpectedly.</source>
        <translation>Image Queue 意外关闭时正在处理这些图片。</translation>
    </message>
    <message>
        <location filename="../../gui/report.py"/>
        <source>complete</source>
        <translation>已完整</translation>
    </message>
    <message>
        <location filename="../../gui/report.py"/>
        <source>Details</source>
        <translation>详细信息</translation>
    </message>
    <message>
        <location filename="../../gui/report.py"/>
        <source>put back, attempt {0} of {1} used</source>
        <translation>已放回队列，用掉第 {0} 次尝试，共 {1} 次</translation>
    </message>
    <message>
        <location filename="../../gui/run.py"/>
        <source>There are up to {0:g} s to finish. Everything else stays in the queue, and goes on at the next start.</source>
        <translation>最多有 {0:g} 秒来完成。其余的都留在队列中，下次启动时继续。</translation>
    </message>
    <message>
        <location filename="../../gui/run.py"/>
        <source>What other machines have begun goes on there.</source>
        <translation>其他电脑已开始的工作会在那里继续。</translation>
    </message>
    <message>
        <location filename="../../gui/run.py"/>
        <source>The queue cannot be opened.</source>
        <translation>无法打开队列。</translation>
    </message>
    <message>
        <location filename="../../gui/run.py"/>
        <source>Quit</source>
        <translation>退出</translation>
    </message>
    <message>
        <location filename="../../gui/run.py"/>
        <source>Close</source>
        <translation>关闭</translation>
    </message>
    <message>
        <location filename="../../gui/run.py"/>
        <source>Keep working</source>
        <translation>继续工作</translation>
    </message>
    <message>
        <location filename="../../gui/run.py"/>
        <source>Quit while 1 image is being worked on?</source>
        <translation>有 1 张图片正在处理，要退出吗？</translation>
    </message>
    <message>
        <location filename="../../gui/run.py"/>
        <source>Quit while {n} images are being worked on?</source>
        <translation>有 {n} 张图片正在处理，要退出吗？</translation>
    </message>
    <message>
        <location filename="../../gui/state_tabs.py"/>
        <source>All</source>
        <translation>全部</translation>
    </message>
    <message>
        <location filename="../../gui/state_tabs.py"/>
        <source>Waiting</source>
        <translation>等待中</translation>
    </message>
    <message>
        <location filename="../../gui/state_tabs.py"/>
        <location filename="../../gui/words.py"/>
        <source>Cancelled</source>
        <translation>已取消</translation>
    </message>
    <message>
        <location filename="../../gui/state_tabs.py"/>
        <source>Which images are listed</source>
        <translation>列出哪些图片</translation>
    </message>
    <message>
        <location filename="../../gui/state_tabs.py"/>
        <source>Find by name or folder</source>
        <translation>按名称或文件夹查找</translation>
    </message>
    <message>
        <location filename="../../gui/tasks.py"/>
        <source>Image Queue made a mistake ({kind}): {error}</source>
        <translation>Image Queue 出错了（{kind}）：{error}</translation>
    </message>
    <message>
        <location filename="../../gui/tray.py"/>
        <source>Show Image Queue</source>
        <translation>显示 Image Queue</translation>
    </message>
    <message>
        <location filename="../../gui/undoing.py"/>
        <source>adding of {0}</source>
        <translation>添加{0}</translation>
    </message>
    <message>
        <location filename="../../gui/undoing.py"/>
        <source>import of {0}</source>
        <translation>导入{0}</translation>
    </message>
    <message>
        <location filename="../../gui/undoing.py"/>
        <source>making {0} again</source>
        <translation>重新生成{0}</translation>
    </message>
    <message>
        <location filename="../../gui/undoing.py"/>
        <source>removal of {0}</source>
        <translation>移除{0}</translation>
    </message>
    <message>
        <location filename="../../gui/undoing.py"/>
        <source>cancelling of {0}</source>
        <translation>取消{0}</translation>
    </message>
    <message>
        <location filename="../../gui/undoing.py"/>
        <source>holding of {0}</source>
        <translation>暂缓{0}</translation>
    </message>
    <message>
        <location filename="../../gui/undoing.py"/>
        <source>release of {0}</source>
        <translation>放行{0}</translation>
    </message>
    <message>
        <location filename="../../gui/undoing.py"/>
        <source>retry of {0}</source>
        <translation>重试{0}</translation>
    </message>
    <message>
        <location filename="../../gui/undoing.py"/>
        <source>new priority of {0}</source>
        <translation>更改{0}的优先级</translation>
    </message>
    <message>
        <location filename="../../gui/undoing.py"/>
        <source>moving of {0}</source>
        <translation>移动{0}</translation>
    </message>
    <message>
        <location filename="../../gui/undoing.py"/>
        <source>new recipe of {0}</source>
        <translation>更改{0}的配方</translation>
    </message>
    <message>
        <location filename="../../gui/undoing.py"/>
        <source>&amp;Undo {0}</source>
        <translation>撤销(&amp;U)：{0}</translation>
    </message>
    <message>
        <location filename="../../gui/undoing.py"/>
        <source>R&amp;edo {0}</source>
        <translation>重做(&amp;E)：{0}</translation>
    </message>
    <message>
        <location filename="../../gui/undoing.py"/>
        <source>1 image has run or was changed since, and stays as it is.</source>
        <translation>1 张图片此后已处理或更改，保持不变。</translation>
    </message>
    <message>
        <location filename="../../gui/undoing.py"/>
        <source>{n} images have run or were changed since, and stay as they are.</source>
        <translation>{n} 张图片此后已处理或更改，保持不变。</translation>
    </message>
    <message>
        <location filename="../../gui/undoing.py"/>
        <source>Undoing…</source>
        <translation>正在撤销…</translation>
    </message>
    <message>
        <location filename="../../gui/undoing.py"/>
        <source>Undone: {0}.</source>
        <translation>已撤销：{0}。</translation>
    </message>
    <message>
        <location filename="../../gui/undoing.py"/>
        <source>Doing it again…</source>
        <translation>正在重做…</translation>
    </message>
    <message>
        <location filename="../../gui/undoing.py"/>
        <source>Done again: {0}.</source>
        <translation>已重做：{0}。</translation>
    </message>
    <message>
        <location filename="../../gui/undoing.py"/>
        <source>{0} % are done.</source>
        <translation>已完成 {0} %。</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>Moved 1 file to the trash.</source>
        <translation>已将 1 个文件移到回收站。</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>Moved {n} files to the trash.</source>
        <translation>已将 {n} 个文件移到回收站。</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>Move the file that was made to the trash?</source>
        <translation>将生成的文件移到回收站？</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>Move the {n} files that were made to the trash?</source>
        <translation>将生成的 {n} 个文件移到回收站？</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>Moving to the trash: {0} %</source>
        <translation>正在移到回收站：{0} %</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>1 original comes back from the trash.</source>
        <translation>将从回收站恢复 1 个原件。</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>{n} originals come back from the trash.</source>
        <translation>将从回收站恢复 {n} 个原件。</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>1 original is back.</source>
        <translation>已恢复 1 个原件。</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>{n} originals are back.</source>
        <translation>已恢复 {n} 个原件。</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>1 file was changed since and stays.</source>
        <translation>1 个文件此后已更改，予以保留。</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>{n} files were changed since and stay.</source>
        <translation>{n} 个文件此后已更改，予以保留。</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>1 file is there no more.</source>
        <translation>1 个文件已不存在。</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>{n} files are there no more.</source>
        <translation>{n} 个文件已不存在。</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>Of 1 file it is not known whether it was changed; it stays.</source>
        <translation>不清楚 1 个文件是否已更改，予以保留。</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>Of {n} files it is not known whether they were changed; they stay.</source>
        <translation>不清楚 {n} 个文件是否已更改，予以保留。</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>1 file stays, as the original that it replaced cannot be brought back: look for that in the trash.</source>
        <translation>1 个文件予以保留，因为无法恢复被它替换的原件：请到回收站查找。</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>{n} files stay, as the originals that they replaced cannot be brought back: look for those in the trash.</source>
        <translation>{n} 个文件予以保留，因为无法恢复被它们替换的原件：请到回收站查找。</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>1 file could not be moved and stays.</source>
        <translation>1 个文件无法移动，予以保留。</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>{n} files could not be moved and stay.</source>
        <translation>{n} 个文件无法移动，予以保留。</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>Looking at what was made: {0} %</source>
        <translation>正在查看生成的文件：{0} %</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>Nothing can be moved to the trash.</source>
        <translation>没有可移到回收站的文件。</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>They were made of {0}.</source>
        <translation>它们由{0}生成。</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>Move to the trash</source>
        <translation>移到回收站</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>Stop</source>
        <translation>停止</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>Stopped.</source>
        <translation>已停止。</translation>
    </message>
    <message>
        <location filename="../../gui/watched_folders.py"/>
        <source>No folder is watched yet. Add one, and what arrives in it is queued by itself.</source>
        <translation>尚未监视任何文件夹。添加一个，到达其中的内容会自动进入队列。</translation>
    </message>
    <message>
        <location filename="../../gui/watched_folders.py"/>
        <source>Watched folders</source>
        <translation>监视的文件夹</translation>
    </message>
    <message>
        <location filename="../../gui/watched_folders.py"/>
        <source>Images that arrive in these folders are added when they have stopped growing, also those that arrived while Image Queue was closed. A folder that you add gets the recipe, the output folder and the rule that are chosen in the window now.</source>
        <translation>到达这些文件夹的图片在停止增长后会被添加，包括 Image Queue 关闭期间到达的图片。您添加的文件夹使用窗口中当前选择的配方、输出文件夹和规则。</translation>
    </message>
    <message>
        <location filename="../../gui/watched_folders.py"/>
        <source>&amp;Priority of a folder that you add:</source>
        <translation>所添加文件夹的优先级(&amp;P)：</translation>
    </message>
    <message>
        <location filename="../../gui/watched_folders.py"/>
        <source>&amp;Add a folder…</source>
        <translation>添加文件夹(&amp;A)…</translation>
    </message>
    <message>
        <location filename="../../gui/watched_folders.py"/>
        <source>&amp;Remove</source>
        <translation>移除(&amp;R)</translation>
    </message>
    <message>
        <location filename="../../gui/watched_folders.py"/>
        <source>Choose a folder to watch</source>
        <translation>选择要监视的文件夹</translation>
    </message>
    <message>
        <location filename="../../gui/watched_folders.py"/>
        <source>How it is</source>
        <translation>状况</translation>
    </message>
    <message>
        <location filename="../../gui/watched_folders.py"/>
        <source>Not watched yet.</source>
        <translation>尚未监视。</translation>
    </message>
    <message>
        <location filename="../../gui/when_done.py"/>
        <source>When &amp;done</source>
        <translation>完成后(&amp;D)</translation>
    </message>
    <message>
        <location filename="../../gui/when_done.py"/>
        <source>What is done when all images are done; until the app is closed</source>
        <translation>所有图片完成后执行的操作；直到应用关闭</translation>
    </message>
    <message>
        <location filename="../../gui/when_done.py"/>
        <source>Do &amp;nothing more</source>
        <translation>不执行其他操作(&amp;N)</translation>
    </message>
    <message>
        <location filename="../../gui/when_done.py"/>
        <source>&amp;Notify me</source>
        <translation>通知我(&amp;N)</translation>
    </message>
    <message>
        <location filename="../../gui/when_done.py"/>
        <source>&amp;Open the folder</source>
        <translation>打开文件夹(&amp;O)</translation>
    </message>
    <message>
        <location filename="../../gui/when_done.py"/>
        <source>&amp;Sleep</source>
        <translation>睡眠(&amp;S)</translation>
    </message>
    <message>
        <location filename="../../gui/when_done.py"/>
        <source>Shut &amp;down</source>
        <translation>关机(&amp;D)</translation>
    </message>
    <message>
        <location filename="../../gui/when_done.py"/>
        <source>When done: {0}</source>
        <translation>完成后：{0}</translation>
    </message>
    <message>
        <location filename="../../gui/when_done.py"/>
        <source>All is done. Image Queue quits in {0} s.</source>
        <translation>全部完成。Image Queue 将在 {0} 秒后退出。</translation>
    </message>
    <message>
        <location filename="../../gui/when_done.py"/>
        <source>All is done. The machine goes to sleep in {0} s.</source>
        <translation>全部完成。电脑将在 {0} 秒后睡眠。</translation>
    </message>
    <message>
        <location filename="../../gui/when_done.py"/>
        <source>All is done. The machine shuts down in {0} s.</source>
        <translation>全部完成。电脑将在 {0} 秒后关机。</translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>GB</source>
        <translation>GB</translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>TB</source>
        <translation>TB</translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>1 image</source>
        <translation>1 张图片</translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>{n} images</source>
        <translation>{n} 张图片</translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>a few seconds left</source>
        <translation>还剩几秒</translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>is </source>
        <translation>是</translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>{h} h {m} min</source>
        <translation>{h} 小时 {m} 分</translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>about {h} h {m:02} min left</source>
        <translation>还剩约 {h} 小时 {m:02} 分</translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>High</source>
        <translation>高</translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>Normal</source>
        <translation>普通</translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>Low</source>
        <translation>低</translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>Queued</source>
        <translation>排队中</translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>Retrying</source>
        <translation>等待重试</translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>Held</source>
        <translation>已暂缓</translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>Interrupted</source>
        <translation>已中断</translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>On {0}</source>
        <translation>在 {0} 上</translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>This computer, {0}</source>
        <translation>此电脑，{0}</translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>B</source>
        <translation>B</translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>{n} s</source>
        <translation>{n} 秒</translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>{m} min {s} s</source>
        <translation>{m} 分 {s} 秒</translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>about {n} s left</source>
        <translation>还剩约 {n} 秒</translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>about {n} min left</source>
        <translation>还剩约 {n} 分</translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>{n} of {most}</source>
        <translation>{n} / {most}</translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>{name} (several images)</source>
        <translation>{name}（多张图片）</translation>
    </message>
</context>
<context>
    <name>core</name>
    <message>
        <location filename="../../core/after.py"/>
        <source>The command after an image failed: {0} Each image has a note on its own.</source>
        <translation>图片后的命令失败：{0} 每张图片都有各自的备注。</translation>
    </message>
    <message>
        <location filename="../../core/batch_report.py"/>
        <source>A report is a .csv or a .json file, and not {0}.</source>
        <translation>报告是 .csv 或 .json 文件，而不是 {0}。</translation>
    </message>
    <message>
        <location filename="../../core/command.py"/>
        <source>{0} ended with {1}{2}{3}.</source>
        <translation>{0} 以 {1}{2}{3} 结束。</translation>
    </message>
    <message>
        <location filename="../../core/command.py"/>
        <source>{0} takes a command as one text.</source>
        <translation>{0} 应为一条文本形式的命令。</translation>
    </message>
    <message>
        <location filename="../../core/command.py"/>
        <source>{0} takes a command without a zero in it.</source>
        <translation>{0} 的命令不能含空字符。</translation>
    </message>
    <message>
        <location filename="../../core/command.py"/>
        <source>{0} took longer than {1} seconds, and was ended.</source>
        <translation>{0} 超过 {1} 秒，已被终止。</translation>
    </message>
    <message>
        <location filename="../../core/command.py"/>
        <source>{0} takes a command; in {1} a quotation does not end.</source>
        <translation>{0} 应为命令；{1} 中的引号没有闭合。</translation>
    </message>
    <message>
        <location filename="../../core/command.py"/>
        <source>{0} takes {{outputs}} as a word by itself.</source>
        <translation>{0} 中的 {{outputs}} 必须单独成词。</translation>
    </message>
    <message>
        <location filename="../../core/command.py"/>
        <source>{0} could not be started: {1}.</source>
        <translation>无法启动 {0}：{1}。</translation>
    </message>
    <message>
        <location filename="../../core/command.py"/>
        <source>{0} takes {1}, not {{{2}}}.</source>
        <translation>{0} 可用 {1}，不能用 {{{2}}}。</translation>
    </message>
    <message>
        <location filename="../../core/command.py"/>
        <source>{0} takes no {{{1}}} inside a shell's script, where a file's name could be a command: give it behind it, as in sh -c 'cp "$1" /backup' sh {{output}}.</source>
        <translation>{0} 不允许在 shell 脚本内使用 {{{1}}}，因为文件名可能成为命令：请放在脚本之后，如 sh -c 'cp "$1" /backup' sh {{output}}。</translation>
    </message>
    <message>
        <location filename="../../core/command.py"/>
        <source>{0} takes no {{{1}}} inside a program's code, where a file's name could be a part of it: give it behind it, as an argument.</source>
        <translation>{0} 不允许在程序代码内使用 {{{1}}}，因为文件名可能成为代码的一部分：请放在其后作为参数。</translation>
    </message>
    <message>
        <location filename="../../core/command.py"/>
        <source>{0} takes no {{{1}}} behind ssh or the like: a shell on the other machine reads it, where a file's name could be a command. Use rsync or scp, or a script.</source>
        <translation>{0} 不允许在 ssh 等之后使用 {{{1}}}：另一台电脑的 shell 会读取它，文件名可能成为命令。请使用 rsync、scp 或脚本。</translation>
    </message>
    <message>
        <location filename="../../core/errors.py"/>
        <source>{0} could not be {1}: {2}.</source>
        <translation>{0} 无法{1}：{2}。</translation>
    </message>
    <message>
        <location filename="../../core/errors.py"/>
        <source>The disk with {0} is full.</source>
        <translation>{0} 所在的磁盘已满。</translation>
    </message>
    <message>
        <location filename="../../core/errors.py"/>
        <source>{0} cannot be read: permission denied.</source>
        <translation>{0} 无法读取：没有权限。</translation>
    </message>
    <message>
        <location filename="../../core/errors.py"/>
        <source>There is no file {0}.</source>
        <translation>没有文件 {0}。</translation>
    </message>
    <message>
        <location filename="../../core/errors.py"/>
        <source>{0} leads nowhere: it is a link that goes round in a circle.</source>
        <translation>{0} 无法到达：它是循环的链接。</translation>
    </message>
    <message>
        <location filename="../../core/errors.py"/>
        <location filename="../../core/imaging/decode.py"/>
        <source>{0} is a folder, not an image.</source>
        <translation>{0} 是文件夹，不是图片。</translation>
    </message>
    <message>
        <location filename="../../core/errors.py"/>
        <source>The name {0}… is longer than this disk allows.</source>
        <translation>名称 {0}… 超过了此磁盘允许的长度。</translation>
    </message>
    <message>
        <location filename="../../core/errors.py"/>
        <source>{0} is in use by another program.</source>
        <translation>{0} 正被其他程序使用。</translation>
    </message>
    <message>
        <location filename="../../core/errors.py"/>
        <location filename="../../core/slot.py"/>
        <location filename="../../core/worker.py"/>
        <source>The image needs more memory than a worker may use.</source>
        <translation>图片所需内存超过了工作进程的上限。</translation>
    </message>
    <message>
        <location filename="../../core/errors.py"/>
        <source>{0} cannot be written: permission denied or read-only.</source>
        <translation>{0} 无法写入：没有权限或为只读。</translation>
    </message>
    <message>
        <location filename="../../core/errors.py"/>
        <source>The folder for {0} is not there.</source>
        <translation>{0} 的文件夹不存在。</translation>
    </message>
    <message>
        <location filename="../../core/formats.py"/>
        <source>{0} needs {1}, which is not installed.</source>
        <translation>{0} 需要 {1}，但尚未安装。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/animation.py"/>
        <location filename="../../core/imaging/decode.py"/>
        <source>The animation was reduced to its first frame.</source>
        <translation>动画只保留了第一帧。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/animation.py"/>
        <source>The output {0} of {1} would have {2} frames of {3} × {4} pixels, {5} megapixels; the limit is {6}.</source>
        <translation>{1} 的输出 {0} 将有 {2} 帧，每帧 {3} × {4} 像素，共 {5} 百万像素；上限为 {6}。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/animation.py"/>
        <source>An animated PNG keeps all its colours.</source>
        <translation>动态 PNG 保留所有颜色。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/animation.py"/>
        <source>The animation goes on without an end: Pillow cannot say anything else in an AVIF.</source>
        <translation>动画会无限循环：Pillow 在 AVIF 中只能这样写。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/animation.py"/>
        <source>{0} has a frame of too many megapixels; {1}.</source>
        <translation>{0} 有一帧的像素过多；{1}。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/animation.py"/>
        <source>The animation cannot be written as {0}: {1}.</source>
        <translation>动画无法写为 {0}：{1}。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/colour.py"/>
        <source>Its samples of more than 8 bits were reduced to 8.</source>
        <translation>超过 8 位的采样已降为 8 位。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/colour.py"/>
        <source>The colour profile is broken or of another kind, and was left out.</source>
        <translation>颜色配置文件已损坏或类型不符，已省略。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/colour.py"/>
        <source>Its 32-bit samples were brought to 8 bits.</source>
        <translation>32 位采样已转为 8 位。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/credits.py"/>
        <source>The XMP could not be changed, and was left out for the copyright and the author.</source>
        <translation>XMP 无法更改，为写入版权和作者已将其省略。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/decode.py"/>
        <source>{0} {1} × {2} pixels, {3} megapixels; the limit is {4}.</source>
        <translation>{0} {1} × {2} 像素，{3} 百万像素；上限为 {4}。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/decode.py"/>
        <source>{0} has {1} {2} of {3} × {4} pixels, {5} megapixels to decode; the limit is {6}.</source>
        <translation>{0} 有 {1} {2}，每个 {3} × {4} 像素，需解码 {5} 百万像素；上限为 {6}。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/decode.py"/>
        <source>{0} is a device or a pipe, not an image file.</source>
        <translation>{0} 是设备或管道，不是图片文件。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/decode.py"/>
        <source>{0} is empty.</source>
        <translation>{0} 是空的。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/decode.py"/>
        <source>{0} has at least {1} frames; the limit is {2}.</source>
        <translation>{0} 至少有 {1} 帧；上限为 {2}。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/decode.py"/>
        <source>{0} is no path of a file: {1}.</source>
        <translation>{0} 不是文件路径：{1}。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/decode.py"/>
        <source>{0} is not an image that can be read ({1}).</source>
        <translation>{0} 不是可读取的图片 ({1})。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/delivery.py"/>
        <source>What another machine wrote into {0} cannot be read here.</source>
        <translation>另一台电脑写入 {0} 的内容无法在此读取。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/encode.py"/>
        <source>The metadata was left out: {0} has no place for it.</source>
        <translation>元数据已省略：{0} 无法保存元数据。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/encode.py"/>
        <source>{0} holds at most {1} pixels along a side; the output has {2} × {3}.</source>
        <translation>{0} 每边最多 {1} 像素；输出为 {2} × {3}。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/encode.py"/>
        <source>The image cannot be written as {0}: {1}.</source>
        <translation>图片无法写为 {0}：{1}。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/encode.py"/>
        <source>The IPTC was left out: it is kept in JPEG alone, and this is {0}.</source>
        <translation>IPTC 已省略：只有 JPEG 保留它，而这是 {0}。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/linked.py"/>
        <source>folder takes an absolute path for a link: there is nothing beside it.</source>
        <translation>对于链接，folder 应为绝对路径：链接旁边没有文件夹。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/made.py"/>
        <source>Up to date: {0}{1} {2} made of it before, and nothing has changed since.</source>
        <translation>已是最新：{0}{1} 之前{2}由它生成，此后没有变化。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/manifest.py"/>
        <source>What another machine made did not arrive as it should: {0}.</source>
        <translation>另一台电脑生成的内容未按应有的样子到达：{0}。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/metadata.py"/>
        <source>The EXIF is broken and was left out.</source>
        <translation>EXIF 已损坏，已省略。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/metadata.py"/>
        <source>The XMP says the place in a way that cannot be taken out, and was left out.</source>
        <translation>XMP 中的位置无法去除，已将其省略。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/metadata.py"/>
        <source>The {0} is longer than a JPEG can hold and was left out.</source>
        <translation>{0} 超过了 JPEG 能保存的长度，已省略。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/naming.py"/>
        <source>The name {0}… is longer than the {1} bytes that a file name can have.</source>
        <translation>名称 {0}… 超过了文件名的上限 {1} 字节。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/naming.py"/>
        <source>{0} is no file name: it would leave the target folder of {1}.</source>
        <translation>{0} 不是文件名：它会超出 {1} 的目标文件夹。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/naming.py"/>
        <source>{0} is no file name: it cannot be written in this system's encoding.</source>
        <translation>{0} 不是文件名：无法用此系统的编码写出。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/original.py"/>
        <source>Choose another place for what is made.</source>
        <translation>请为结果选择其他位置。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/original.py"/>
        <source>There are too many files named like {0}; what was made is {1}.</source>
        <translation>名称类似 {0} 的文件太多；结果为 {1}。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/original.py"/>
        <source>{0} was changed while it was worked on, and was not replaced.</source>
        <translation>{0} 在处理过程中被更改，未替换。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/original.py"/>
        <source>{0} could not be moved to the trash{1}, and stays as it is.</source>
        <translation>{0} 无法移到回收站{1}，保持原样。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/original.py"/>
        <source>{0} is in the trash, and what was made of it could not get its name ({1}): it is kept as {2}.</source>
        <translation>{0} 已在回收站，而结果无法使用其名称 ({1})：已保存为 {2}。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/pages.py"/>
        <source>Only the first of {0} pages was used.</source>
        <translation>{0} 页中只使用了第一页。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/pages.py"/>
        <source>Only the main one of {0} images was used.</source>
        <translation>{0} 张图片中只使用了主图。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/pages.py"/>
        <source>{0} is no list of images.</source>
        <translation>{0} 不是图片列表。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/pages.py"/>
        <source>{0} has more than {1} pages.</source>
        <translation>{0} 超过 {1} 页。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/pages.py"/>
        <source>The pages cannot be written as {0}: {1}.</source>
        <translation>页面无法写为 {0}：{1}。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/picture.py"/>
        <source>Its colours were converted to sRGB: {0} holds no colour profile.</source>
        <translation>颜色已转换为 sRGB：{0} 不能保存颜色配置文件。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/picture.py"/>
        <source>{0} cannot hold the {1} colours of the profile.</source>
        <translation>{0} 无法保存配置文件的 {1} 颜色。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/plan.py"/>
        <source>crop takes a box inside the image; it begins at {0}, {1}, and the image has {2} × {3} pixels.</source>
        <translation>crop 应为图片内的框；它从 {0}, {1} 开始，而图片为 {2} × {3} 像素。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/prepared.py"/>
        <source>{0}, and the source is not newer.</source>
        <translation>{0}，且源文件不更新。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/prepared.py"/>
        <source>{0} has colours of more than 8 bits, of which only 8 can be kept.</source>
        <translation>{0} 的颜色超过 8 位，只能保留 8 位。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/prepared.py"/>
        <source>{0} has samples of a kind that {1} cannot hold exactly.</source>
        <translation>{0} 的采样类型无法由 {1} 精确保存。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/prepared.py"/>
        <source>{0} has CMYK colours, which {1} cannot hold exactly.</source>
        <translation>{0} 使用 CMYK 颜色，{1} 无法精确保存。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/prepared.py"/>
        <source>{0} is the same as {1} here, and was made once.</source>
        <translation>{0} 在此与 {1} 相同，只生成了一次。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/prepared.py"/>
        <source>{0} and {1} would both be {2}; put {{output}} into the name template.</source>
        <translation>{0} 和 {1} 都会是 {2}；请在名称模板中加入 {{output}}。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/process.py"/>
        <source>{0} would be larger than its source: {1} bytes instead of {2}.</source>
        <translation>{0} 会比源文件大：{1} 字节，而源为 {2}。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/process.py"/>
        <source>{0} is there already and was kept.</source>
        <translation>{0} 已存在，已保留。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/process.py"/>
        <source>{0} is there already and would be kept.</source>
        <translation>{0} 已存在，将被保留。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/process.py"/>
        <source>{0} would go to the trash.</source>
        <translation>{0} 将移到回收站。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/process.py"/>
        <source>{0} stays: nothing in it would change.</source>
        <translation>{0} 保持不变：不会有任何更改。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/process.py"/>
        <source>It would be downloaded first.</source>
        <translation>将先下载。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/process.py"/>
        <source>Its server would be asked whether it has changed since it was made.</source>
        <translation>将询问服务器它自处理后是否有变化。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/profiles.py"/>
        <source>profile.file {0} is no colour profile for RGB, CMYK or grey.</source>
        <translation>profile.file {0} 不是 RGB、CMYK 或灰度的颜色配置文件。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/publish.py"/>
        <source>There are too many files named like {0}.</source>
        <translation>名称类似 {0} 的文件太多。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/publish.py"/>
        <source>{0} could not be written: what was read back differs.</source>
        <translation>{0} 无法写入：读回的内容不一致。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/publish.py"/>
        <source>{0} could not be written: its size is not what it should be.</source>
        <translation>{0} 无法写入：大小不符。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/publish.py"/>
        <source>What another machine made was replaced while it was looked at.</source>
        <translation>另一台电脑生成的内容在检查时被替换了。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/publish.py"/>
        <source>{0} could not be written: it cannot be read back.</source>
        <translation>{0} 无法写入：无法读回。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/publish.py"/>
        <source>What another machine made did not arrive as it should: it is gone.</source>
        <translation>另一台电脑生成的内容未按应有的样子到达：它已不存在。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/publish.py"/>
        <source>{0} is the source itself, which is never changed; choose another folder, or another name for the output.</source>
        <translation>{0} 就是源文件，源文件绝不会被更改；请选择其他文件夹或其他输出名称。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/publish.py"/>
        <source>Other files keep taking the name {0}.</source>
        <translation>其他文件一直占用名称 {0}。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/quality.py"/>
        <source>The image was reduced to {0} × {1} pixels to stay within {2} bytes.</source>
        <translation>图片已缩小到 {0} × {1} 像素，以不超过 {2} 字节。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/quality.py"/>
        <source>The image cannot be made as small as {0} bytes.</source>
        <translation>图片无法缩小到 {0} 字节。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/quality.py"/>
        <source>Quality {0} is the lowest at which it looks the same.</source>
        <translation>质量 {0} 是看起来相同的最低值。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/quality.py"/>
        <source>The file cannot be made as small as {0} bytes.</source>
        <translation>文件无法缩小到 {0} 字节。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/quality.py"/>
        <source>The quality was lowered from {0} to {1} to stay within {2} bytes.</source>
        <translation>质量已从 {0} 降到 {1}，以不超过 {2} 字节。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/readers/__init__.py"/>
        <source>{0} needs {1}, which does not work: {2}.</source>
        <translation>{0} 需要 {1}，但它无法工作：{2}。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/readers/svg.py"/>
        <source>SVG needs pyvips[binary], which does not work: libvips cannot be loaded.</source>
        <translation>SVG 需要 pyvips[binary]，但它无法工作：无法加载 libvips。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/staging.py"/>
        <source>{0} is in the trash, and what was made of it has no name yet.</source>
        <translation>{0} 已在回收站中，而由它生成的文件尚未获得名称。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/staging.py"/>
        <source>{0} was changed while it was worked on.</source>
        <translation>{0} 在处理过程中被更改。</translation>
    </message>
    <message>
        <location filename="../../core/imaging/watermark.py"/>
        <source>watermark.font {0} cannot be used: {1}.</source>
        <translation>watermark.font {0} 无法使用：{1}。</translation>
    </message>
    <message>
        <location filename="../../core/intake/adding.py"/>
        <source>No images were found.</source>
        <translation>未找到图片。</translation>
    </message>
    <message>
        <location filename="../../core/intake/adding.py"/>
        <source>What is made of {0} goes to {1}{2}.</source>
        <translation>由 {0} 生成的文件将放到 {1}{2}。</translation>
    </message>
    <message>
        <location filename="../../core/intake/adding.py"/>
        <source>{0} could have the name of another and {1} a number.</source>
        <translation>{0} 可能与另一个重名，{1} 加上编号。</translation>
    </message>
    <message>
        <location filename="../../core/intake/adding.py"/>
        <source>A recipe that gathers needs a folder to keep lists in.</source>
        <translation>合并的配方需要一个存放列表的文件夹。</translation>
    </message>
    <message>
        <location filename="../../core/intake/archives.py"/>
        <source>{0} in {1} would leave the archive's folder.</source>
        <translation>{1} 中的 {0} 会超出压缩包的文件夹。</translation>
    </message>
    <message>
        <location filename="../../core/intake/archives.py"/>
        <source>{0} is left out by a pattern.</source>
        <translation>{0} 因模式被忽略。</translation>
    </message>
    <message>
        <location filename="../../core/intake/archives.py"/>
        <source>{0} was not unpacked to its end: {1}.</source>
        <translation>{0} 没有完全解压：{1}。</translation>
    </message>
    <message>
        <location filename="../../core/intake/archives.py"/>
        <source>The archive {0} cannot be read: {1}.</source>
        <translation>压缩包 {0} 无法读取：{1}。</translation>
    </message>
    <message>
        <location filename="../../core/intake/archives.py"/>
        <source>{0} is an archive in an archive, which is not opened.</source>
        <translation>{0} 是压缩包中的压缩包，不会打开。</translation>
    </message>
    <message>
        <location filename="../../core/intake/archives.py"/>
        <source>The archive {0} is damaged: {1}.</source>
        <translation>压缩包 {0} 已损坏：{1}。</translation>
    </message>
    <message>
        <location filename="../../core/intake/archives.py"/>
        <location filename="../../core/intake/foreign.py"/>
        <location filename="../../core/intake/paths.py"/>
        <source>{0} is not an image that can be read.</source>
        <translation>{0} 不是可读取的图片。</translation>
    </message>
    <message>
        <location filename="../../core/intake/archives.py"/>
        <source>{0} is left out by its format or size.</source>
        <translation>{0} 因格式或大小被忽略。</translation>
    </message>
    <message>
        <location filename="../../core/intake/batches.py"/>
        <source>{0} is no link that can be followed.</source>
        <translation>{0} 不是可打开的链接。</translation>
    </message>
    <message>
        <location filename="../../core/intake/foreign.py"/>
        <source>{0} has more than {1} MB.</source>
        <translation>{0} 超过 {1} MB。</translation>
    </message>
    <message>
        <location filename="../../core/intake/foreign.py"/>
        <source>{0} is empty: the program that it comes from did not give it.</source>
        <translation>{0} 是空的：来源程序没有提供内容。</translation>
    </message>
    <message>
        <location filename="../../core/intake/gathering.py"/>
        <source>{0} was made of the others.</source>
        <translation>{0} 是由其他图片生成的。</translation>
    </message>
    <message>
        <location filename="../../core/intake/gathering.py"/>
        <source>{0} is a link, which cannot become a page: save it first.</source>
        <translation>{0} 是链接，不能成为页面：请先保存。</translation>
    </message>
    <message>
        <location filename="../../core/intake/paths.py"/>
        <source>{0} is not a file.</source>
        <translation>{0} 不是文件。</translation>
    </message>
    <message>
        <location filename="../../core/intake/paths.py"/>
        <source>The link {0} leads nowhere.</source>
        <translation>链接 {0} 无效。</translation>
    </message>
    <message>
        <location filename="../../core/intake/paths.py"/>
        <source>{0} was made by this recipe from the image beside it.</source>
        <translation>{0} 是由旁边的图片用此配方生成的。</translation>
    </message>
    <message>
        <location filename="../../core/intake/paths.py"/>
        <source>{0} is an archive; those in folders are opened only when asked to.</source>
        <translation>{0} 是压缩包；文件夹中的压缩包只在要求时打开。</translation>
    </message>
    <message>
        <location filename="../../core/intake/paths.py"/>
        <source>{0} is left out: it is the folder for what is made.</source>
        <translation>{0} 已忽略：它是存放结果的文件夹。</translation>
    </message>
    <message>
        <location filename="../../core/intake/paths.py"/>
        <source>The folder {0} cannot be read: {1}.</source>
        <translation>文件夹 {0} 无法读取：{1}。</translation>
    </message>
    <message>
        <location filename="../../core/intake/paths.py"/>
        <source>{0} is left out by the settings for folders.</source>
        <translation>{0} 因文件夹设置被忽略。</translation>
    </message>
    <message>
        <location filename="../../core/intake/wanted.py"/>
        <source>A size is a number of bytes such as 500, 20k or 1.5M, not {0}.</source>
        <translation>大小是字节数，如 500、20k 或 1.5M，而不是 {0}。</translation>
    </message>
    <message>
        <location filename="../../core/intake/wanted.py"/>
        <source>only_formats takes some of {0}, not {1}.</source>
        <translation>only_formats 可用 {0}，不能用 {1}。</translation>
    </message>
    <message>
        <location filename="../../core/intake/wanted.py"/>
        <source>min_bytes takes a whole number of bytes.</source>
        <translation>min_bytes 应为整数字节数。</translation>
    </message>
    <message>
        <location filename="../../core/intake/wanted.py"/>
        <source>min_bytes takes a whole number from 0 to {0}.</source>
        <translation>min_bytes 应为 0 到 {0} 的整数。</translation>
    </message>
    <message>
        <location filename="../../core/intake/wanted.py"/>
        <source>hidden and archives take true or false.</source>
        <translation>hidden 和 archives 应为 true 或 false。</translation>
    </message>
    <message>
        <location filename="../../core/intake/wanted.py"/>
        <source>{0} takes a list of texts.</source>
        <translation>{0} 应为文本列表。</translation>
    </message>
    <message>
        <location filename="../../core/intake/wanted.py"/>
        <source>ignore takes patterns as a .gitignore has them: {0}.</source>
        <translation>ignore 应为 .gitignore 格式的模式：{0}。</translation>
    </message>
    <message>
        <location filename="../../core/intake/watched.py"/>
        <source>watched takes a list of folders.</source>
        <translation>watched 应为文件夹列表。</translation>
    </message>
    <message>
        <location filename="../../core/intake/watched.py"/>
        <source>watched takes each folder once.</source>
        <translation>watched 中每个文件夹只能出现一次。</translation>
    </message>
    <message>
        <location filename="../../core/intake/watched.py"/>
        <source>watched takes folders with a path and a recipe, which are texts.</source>
        <translation>watched 应为带有路径和配方（均为文本）的文件夹。</translation>
    </message>
    <message>
        <location filename="../../core/intake/watched.py"/>
        <source>watched takes absolute paths of folders.</source>
        <translation>watched 应为文件夹的绝对路径。</translation>
    </message>
    <message>
        <location filename="../../core/intake/watched.py"/>
        <source>watched.existing takes one of {0}.</source>
        <translation>watched.existing 应为 {0} 之一。</translation>
    </message>
    <message>
        <location filename="../../core/intake/watched.py"/>
        <source>watched.priority takes a whole number.</source>
        <translation>watched.priority 应为整数。</translation>
    </message>
    <message>
        <location filename="../../core/intake/watched.py"/>
        <source>watched takes folders with a path, a recipe and a priority: {0}.</source>
        <translation>watched 应为带有路径、配方和优先级的文件夹：{0}。</translation>
    </message>
    <message>
        <location filename="../../core/intake/watches.py"/>
        <source>The queue takes nothing just now.</source>
        <translation>队列目前不接受内容。</translation>
    </message>
    <message>
        <location filename="../../core/intake/watching.py"/>
        <source>The folder is not there; it is waited for.</source>
        <translation>文件夹不存在；正在等待它。</translation>
    </message>
    <message>
        <location filename="../../core/intake/watching.py"/>
        <source>Watching.</source>
        <translation>正在监视。</translation>
    </message>
    <message>
        <location filename="../../core/intake/watching.py"/>
        <source>The folder cannot be watched just now: {0}.</source>
        <translation>目前无法监视该文件夹：{0}。</translation>
    </message>
    <message>
        <location filename="../../core/links/download.py"/>
        <source>The server {0} does not give {1} ({2}).</source>
        <translation>服务器 {0} 拒绝提供 {1} ({2})。</translation>
    </message>
    <message>
        <location filename="../../core/links/download.py"/>
        <source>{0} is a page, not an image; it names {1}.</source>
        <translation>{0} 是网页，不是图片；其中有 {1}。</translation>
    </message>
    <message>
        <location filename="../../core/links/download.py"/>
        <source>{0} leads to {1}, and only http and https are followed.</source>
        <translation>{0} 指向 {1}，而只支持 http 和 https。</translation>
    </message>
    <message>
        <location filename="../../core/links/download.py"/>
        <source>It asks to be left alone for {0} seconds.</source>
        <translation>它要求在 {0} 秒内不要再访问。</translation>
    </message>
    <message>
        <location filename="../../core/links/download.py"/>
        <source>There is nothing at {0} ({1}).</source>
        <translation>{0} 处没有内容 ({1})。</translation>
    </message>
    <message>
        <location filename="../../core/links/download.py"/>
        <source>What is at {0} has more than {1}.</source>
        <translation>{0} 处的内容超过 {1}。</translation>
    </message>
    <message>
        <location filename="../../core/links/download.py"/>
        <source>{0} took longer than {1} seconds to download.</source>
        <translation>{0} 的下载超过 {1} 秒。</translation>
    </message>
    <message>
        <location filename="../../core/links/download.py"/>
        <source>The server of {0} does not answer in time.</source>
        <translation>{0} 的服务器没有及时响应。</translation>
    </message>
    <message>
        <location filename="../../core/links/download.py"/>
        <source>{0} is no link that can be followed: {1}.</source>
        <translation>{0} 不是可打开的链接：{1}。</translation>
    </message>
    <message>
        <location filename="../../core/links/download.py"/>
        <source>{0} could not be downloaded: {1}.</source>
        <translation>{0} 无法下载：{1}。</translation>
    </message>
    <message>
        <location filename="../../core/links/download.py"/>
        <source>The proxy that the environment names cannot be used: {0}.</source>
        <translation>环境变量指定的代理无法使用：{0}。</translation>
    </message>
    <message>
        <location filename="../../core/links/download.py"/>
        <source>{0} leads in a circle.</source>
        <translation>{0} 循环跳转。</translation>
    </message>
    <message>
        <location filename="../../core/links/download.py"/>
        <source>{0} leads on and on, more than {1} times.</source>
        <translation>{0} 不断跳转，超过 {1} 次。</translation>
    </message>
    <message>
        <location filename="../../core/links/download.py"/>
        <source>{0} was to have {1} bytes, and {2} came.</source>
        <translation>{0} 应有 {1} 字节，只收到 {2}。</translation>
    </message>
    <message>
        <location filename="../../core/links/download.py"/>
        <source>The server of {0} cannot show that it is what it says: {1}.</source>
        <translation>{0} 的服务器无法证明其身份：{1}。</translation>
    </message>
    <message>
        <location filename="../../core/migrations.py"/>
        <source>The queue in {0} was written by a newer version of Image Queue (layout {1}, this one knows {2}). Please update; nothing was changed.</source>
        <translation>{0} 中的队列由更新版本的 Image Queue 写入（格式 {1}，此版本支持 {2}）。请更新；未做任何更改。</translation>
    </message>
    <message>
        <location filename="../../core/operations/__init__.py"/>
        <location filename="../../core/recipe/draft.py"/>
        <source>operations.do takes one of {0}, not {1}.</source>
        <translation>operations.do 应为 {0} 之一，而不是 {1}。</translation>
    </message>
    <message>
        <location filename="../../core/operations/__init__.py"/>
        <location filename="../../core/recipe/values.py"/>
        <source>{0} has no field {1}; it takes {2}.</source>
        <translation>{0} 没有字段 {1}；可用 {2}。</translation>
    </message>
    <message>
        <location filename="../../core/operations/__init__.py"/>
        <source>{0} lacks a field; it also takes {1}.</source>
        <translation>{0} 缺少字段；还可用 {1}。</translation>
    </message>
    <message>
        <location filename="../../core/operations/carried.py"/>
        <source>profile takes to or file.</source>
        <translation>profile 应有 to 或 file。</translation>
    </message>
    <message>
        <location filename="../../core/operations/carried.py"/>
        <source>metadata takes policy, copyright or author.</source>
        <translation>metadata 应有 policy、copyright 或 author。</translation>
    </message>
    <message>
        <location filename="../../core/operations/checks.py"/>
        <source>{0} takes a whole number from {1} to {2}, not {3}.</source>
        <translation>{0} 应为 {1} 到 {2} 的整数，而不是 {3}。</translation>
    </message>
    <message>
        <location filename="../../core/operations/checks.py"/>
        <source>{0} takes a number from {1} to {2}, not {3}.</source>
        <translation>{0} 应为 {1} 到 {2} 的数，而不是 {3}。</translation>
    </message>
    <message>
        <location filename="../../core/operations/checks.py"/>
        <source>{0} takes true or false, not {1}.</source>
        <translation>{0} 应为 true 或 false，而不是 {1}。</translation>
    </message>
    <message>
        <location filename="../../core/operations/checks.py"/>
        <location filename="../../core/recipe/values.py"/>
        <source>{0} takes one of {1}, not {2}.</source>
        <translation>{0} 应为 {1} 之一，而不是 {2}。</translation>
    </message>
    <message>
        <location filename="../../core/operations/checks.py"/>
        <source>{0} takes a colour such as "#ffffff"{1}, not {2}.</source>
        <translation>{0} 应为颜色，如 "#ffffff"{1}，而不是 {2}。</translation>
    </message>
    <message>
        <location filename="../../core/operations/checks.py"/>
        <source>{0} takes the absolute path of a file, not {1}.</source>
        <translation>{0} 应为文件的绝对路径，而不是 {1}。</translation>
    </message>
    <message>
        <location filename="../../core/operations/checks.py"/>
        <source>{0} takes a text of 1 to {1} characters, not {2}.</source>
        <translation>{0} 应为 1 到 {1} 个字符的文本，而不是 {2}。</translation>
    </message>
    <message>
        <location filename="../../core/operations/geometry.py"/>
        <source>resize takes width, height or both, or else percent, or else megapixels.</source>
        <translation>resize 应有 width、height 或两者，或 percent，或 megapixels。</translation>
    </message>
    <message>
        <location filename="../../core/operations/geometry.py"/>
        <source>resize.exact takes both width and height.</source>
        <translation>resize.exact 需要 width 和 height。</translation>
    </message>
    <message>
        <location filename="../../core/operations/geometry.py"/>
        <source>resize.mode "{0}" takes both width and height.</source>
        <translation>resize.mode "{0}" 需要 width 和 height。</translation>
    </message>
    <message>
        <location filename="../../core/operations/geometry.py"/>
        <source>resize.mode "{0}" and exact exclude each other.</source>
        <translation>resize.mode "{0}" 和 exact 不能同时使用。</translation>
    </message>
    <message>
        <location filename="../../core/operations/geometry.py"/>
        <source>resize.background takes the mode "pad".</source>
        <translation>resize.background 需要模式 "pad"。</translation>
    </message>
    <message>
        <location filename="../../core/operations/geometry.py"/>
        <source>crop.around places the box by itself, without left and top.</source>
        <translation>crop.around 会自行放置框，不用 left 和 top。</translation>
    </message>
    <message>
        <location filename="../../core/operations/geometry.py"/>
        <source>crop.trim is given alone.</source>
        <translation>crop.trim 应单独使用。</translation>
    </message>
    <message>
        <location filename="../../core/operations/geometry.py"/>
        <source>crop.ratio takes width to height such as "16:9", not {0}.</source>
        <translation>crop.ratio 应为宽高比，如 "16:9"，而不是 {0}。</translation>
    </message>
    <message>
        <location filename="../../core/operations/geometry.py"/>
        <source>crop takes a box (left, top, width, height) or a ratio, not both.</source>
        <translation>crop 应为框 (left, top, width, height) 或比例，不能两者都用。</translation>
    </message>
    <message>
        <location filename="../../core/operations/marking.py"/>
        <source>border takes width or percent.</source>
        <translation>border 应有 width 或 percent。</translation>
    </message>
    <message>
        <location filename="../../core/operations/marking.py"/>
        <source>watermark takes text or image.</source>
        <translation>watermark 应有 text 或 image。</translation>
    </message>
    <message>
        <location filename="../../core/operations/marking.py"/>
        <source>watermark.font takes a text.</source>
        <translation>watermark.font 需要文字。</translation>
    </message>
    <message>
        <location filename="../../core/owner.py"/>
        <source>Process {0}{1} is using the queue in {2}.</source>
        <translation>进程 {0}{1} 正在使用 {2} 中的队列。</translation>
    </message>
    <message>
        <location filename="../../core/owner.py"/>
        <source>Another process is using the queue in {0}.</source>
        <translation>另一个进程正在使用 {0} 中的队列。</translation>
    </message>
    <message>
        <location filename="../../core/owner.py"/>
        <source>Image Queue made a mistake: {0}.</source>
        <translation>Image Queue 出错了：{0}。</translation>
    </message>
    <message>
        <location filename="../../core/owner.py"/>
        <source>The data folder {0} cannot be used: {1}.</source>
        <translation>数据文件夹 {0} 无法使用：{1}。</translation>
    </message>
    <message>
        <location filename="../../core/owner.py"/>
        <source>It does not answer.</source>
        <translation>它没有响应。</translation>
    </message>
    <message>
        <location filename="../../core/owner.py"/>
        <source>It did not answer in time.</source>
        <translation>它没有及时响应。</translation>
    </message>
    <message>
        <location filename="../../core/queue.py"/>
        <source>Image Queue closed unexpectedly while this image was being worked on.</source>
        <translation>处理此图片时 Image Queue 意外关闭。</translation>
    </message>
    <message>
        <location filename="../../core/queue_reads.py"/>
        <location filename="../../core/store_writer.py"/>
        <source>The queue is not open.</source>
        <translation>队列没有打开。</translation>
    </message>
    <message>
        <location filename="../../core/queue_wishes.py"/>
        <source>{0} is a whole number from {1} to {2}, not {3}.</source>
        <translation>{0} 是 {1} 到 {2} 的整数，而不是 {3}。</translation>
    </message>
    <message>
        <location filename="../../core/recipe/draft.py"/>
        <source>outputs takes one at least that is switched on.</source>
        <translation>outputs 至少要有一个启用的输出。</translation>
    </message>
    <message>
        <location filename="../../core/recipe/draft.py"/>
        <location filename="../../core/recipe/values.py"/>
        <source>outputs.operations takes a list of tables, not {0}.</source>
        <translation>outputs.operations 应为表的列表，而不是 {0}。</translation>
    </message>
    <message>
        <location filename="../../core/recipe/draft.py"/>
        <source>{0} takes tables, not {1}.</source>
        <translation>{0} 应为表，而不是 {1}。</translation>
    </message>
    <message>
        <location filename="../../core/recipe/draft.py"/>
        <source>There is no field {0}; there are {1}.</source>
        <translation>没有字段 {0}；有 {1}。</translation>
    </message>
    <message>
        <location filename="../../core/recipe/files.py"/>
        <source>There is no recipe {0}; there are: {1}.</source>
        <translation>没有配方 {0}；有：{1}。</translation>
    </message>
    <message>
        <location filename="../../core/recipe/files.py"/>
        <source>A size is "WxH" or one number, in pixels from 1 to {0}, not {1}.</source>
        <translation>尺寸是 "WxH" 或一个数，以像素计，从 1 到 {0}，而不是 {1}。</translation>
    </message>
    <message>
        <location filename="../../core/recipe/files.py"/>
        <source>The recipe is not TOML: {0}.</source>
        <translation>配方不是 TOML：{0}。</translation>
    </message>
    <message>
        <location filename="../../core/recipe/files.py"/>
        <source>{0} is not a recipe: it is not UTF-8 text.</source>
        <translation>{0} 不是配方：它不是 UTF-8 文本。</translation>
    </message>
    <message>
        <location filename="../../core/recipe/files.py"/>
        <source>Nothing to make: give a thumbnail, a size, a format, a quality or a limit.</source>
        <translation>没有要做的事：请给出缩略图、尺寸、格式、质量或限制。</translation>
    </message>
    <message>
        <location filename="../../core/recipe/shelf.py"/>
        <source>{0} is no recipe: it has more than {1} bytes.</source>
        <translation>{0} 不是配方：它超过 {1} 字节。</translation>
    </message>
    <message>
        <location filename="../../core/recipe/shelf.py"/>
        <source>{0} is no recipe: it is not UTF-8 text.</source>
        <translation>{0} 不是配方：它不是 UTF-8 文本。</translation>
    </message>
    <message>
        <location filename="../../core/recipe/templates.py"/>
        <source>outputs.template takes a name such as {{stem}}-{{output}}, not {0}.</source>
        <translation>outputs.template 应为 {{stem}}-{{output}} 这样的名称，而不是 {0}。</translation>
    </message>
    <message>
        <location filename="../../core/recipe/templates.py"/>
        <source>outputs.template {0} holds a sign that no name can have.</source>
        <translation>outputs.template {0} 含有名称中不能使用的字符。</translation>
    </message>
    <message>
        <location filename="../../core/recipe/templates.py"/>
        <source>outputs.template {0} leaves the target folder, or has a folder without a name.</source>
        <translation>outputs.template {0} 超出目标文件夹，或有无名文件夹。</translation>
    </message>
    <message>
        <location filename="../../core/recipe/templates.py"/>
        <source>outputs.template takes {{{0}}} as it is, not {{{1}:{2}}}.</source>
        <translation>outputs.template 只能原样使用 {{{0}}}，不能用 {{{1}:{2}}}。</translation>
    </message>
    <message>
        <location filename="../../core/recipe/templates.py"/>
        <source>outputs.template takes a pattern such as {{{0}:%Y-%m}}, of {1} and signs that a name can have, not {{{2}:{3}}}.</source>
        <translation>outputs.template 应为 {{{0}:%Y-%m}} 这样的模式，由 {1} 和名称可用的字符组成，而不是 {{{2}:{3}}}。</translation>
    </message>
    <message>
        <location filename="../../core/recipe/templates.py"/>
        <source>outputs.template {0} cannot be read: {1}.</source>
        <translation>outputs.template {0} 无法解读：{1}。</translation>
    </message>
    <message>
        <location filename="../../core/recipe/templates.py"/>
        <source>outputs.template takes {0}, not {{{1}}}.</source>
        <translation>outputs.template 可用 {0}，不能用 {{{1}}}。</translation>
    </message>
    <message>
        <location filename="../../core/recipe/templates.py"/>
        <source>outputs.template takes {{index:04}}, with a width from 01 to 012, not {{index:{0}}}.</source>
        <translation>outputs.template 可用 {{index:04}}，宽度从 01 到 012，不能用 {{index:{0}}}。</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>The recipe is not a JSON object.</source>
        <translation>配方不是 JSON 对象。</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>{0} takes a list, not {1}.</source>
        <translation>{0} 应为列表，而不是 {1}。</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>outputs takes tables, not {0}.</source>
        <translation>outputs 应为表，而不是 {0}。</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>outputs.name takes a name, not {0}.</source>
        <translation>outputs.name 应为名称，而不是 {0}。</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>outputs.name {0} holds a folder separator.</source>
        <translation>outputs.name {0} 含有文件夹分隔符。</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>outputs.operations takes at most {0} operations.</source>
        <translation>outputs.operations 最多 {0} 个操作。</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>outputs.lossless takes a tiff_compression other than "jpeg".</source>
        <translation>outputs.lossless 需要 "jpeg" 以外的 tiff_compression。</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>outputs.format takes one of {0}, not {1}.</source>
        <translation>outputs.format 应为 {0} 之一，而不是 {1}。</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>name takes a name, not {0}.</source>
        <translation>name 应为名称，而不是 {0}。</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>description takes a sentence, not {0}.</source>
        <translation>description 应为一句话，而不是 {0}。</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>replace_original takes a recipe with one output, not {0}.</source>
        <translation>replace_original 需要只有一个输出的配方，而不是 {0}。</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>replace_original and folder exclude each other.</source>
        <translation>replace_original 和 folder 不能同时使用。</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>outputs takes 1 to {0} outputs, not {1}.</source>
        <translation>outputs 应有 1 到 {0} 个输出，而不是 {1}。</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>gather and replace_original exclude each other.</source>
        <translation>gather 和 replace_original 不能同时使用。</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>folder takes the path of a folder, not {0}.</source>
        <translation>folder 应为文件夹的路径，而不是 {0}。</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>folder takes an absolute path, not {0}.</source>
        <translation>folder 应为绝对路径，而不是 {0}。</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>version takes {0}, not {1}: the recipe is of another version.</source>
        <translation>version 应为 {0}，而不是 {1}：配方属于其他版本。</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>outputs takes a list of outputs, not {0}.</source>
        <translation>outputs 应为输出列表，而不是 {0}。</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>The recipe is not JSON: {0}.</source>
        <translation>配方不是 JSON：{0}。</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>folder {0} names a user who is not known.</source>
        <translation>folder {0} 中的用户不存在。</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>{0} lacks the field {1}.</source>
        <translation>{0} 缺少字段 {1}。</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>outputs.operations takes operations, not {0}.</source>
        <translation>outputs.operations 应为操作，而不是 {0}。</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>outputs.operations takes {0} once.</source>
        <translation>outputs.operations 中 {0} 只能出现一次。</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>outputs.colours takes 2, 4, 16 or 256, not {0}.</source>
        <translation>outputs.colours 应为 2、4、16 或 256，而不是 {0}。</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>outputs.lossless takes all colours: leave outputs.colours out.</source>
        <translation>outputs.lossless 需要所有颜色：请去掉 outputs.colours。</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>outputs.max_bytes and lossless exclude each other.</source>
        <translation>outputs.max_bytes 和 lossless 不能同时使用。</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>outputs.look is given without quality, max_bytes and lossless.</source>
        <translation>outputs.look 不能与 quality、max_bytes 和 lossless 一起使用。</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>outputs.{0} is no option of {1}, which takes {2}.</source>
        <translation>outputs.{0} 不是 {1} 的选项，可用 {2}。</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>outputs takes outputs, not {0}.</source>
        <translation>outputs 应为输出，而不是 {0}。</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>outputs takes names that differ; {0} is there twice.</source>
        <translation>outputs 的名称应各不相同；{0} 出现了两次。</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>outputs.template gives {0} and {1} the same file name; put {{output}} into it.</source>
        <translation>outputs.template 使 {0} 和 {1} 的文件名相同；请加入 {{output}}。</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>gather takes outputs in pdf or tiff; {0} is in another format.</source>
        <translation>gather 的输出应为 pdf 或 tiff；{0} 是其他格式。</translation>
    </message>
    <message>
        <location filename="../../core/remote/address.py"/>
        <source>The URL of the broker begins with amqp://, amqps://, redis:// or rediss://.</source>
        <translation>消息代理的 URL 以 amqp://、amqps://、redis:// 或 rediss:// 开头。</translation>
    </message>
    <message>
        <location filename="../../core/remote/address.py"/>
        <source>The URL of the broker has a space or a sign in it that no URL has.</source>
        <translation>消息代理的 URL 含有空格或不允许的字符。</translation>
    </message>
    <message>
        <location filename="../../core/remote/address.py"/>
        <source>The URL of the broker has an @ behind its first slash: in a user, a password or a path, @ is written %40, and / is written %2F.</source>
        <translation>消息代理的 URL 在第一个斜杠之后有 @：在用户名、密码或路径中，@ 写作 %40，/ 写作 %2F。</translation>
    </message>
    <message>
        <location filename="../../core/remote/address.py"/>
        <source>The URL of the broker names no machine: {0} is the least that it takes.</source>
        <translation>消息代理的 URL 未指明电脑：至少需要 {0}。</translation>
    </message>
    <message>
        <location filename="../../core/remote/address.py"/>
        <source>The URL of the broker names no machine that can be: {0} is its form.</source>
        <translation>消息代理的 URL 中的电脑名无效：格式为 {0}。</translation>
    </message>
    <message>
        <location filename="../../core/remote/address.py"/>
        <source>The URL of the broker takes a port from 1 to 65535 after the machine.</source>
        <translation>消息代理的 URL 在电脑名之后接受 1 到 65535 的端口。</translation>
    </message>
    <message>
        <location filename="../../core/remote/address.py"/>
        <source>The password of a broker needs a user: amqp://user:password@machine.</source>
        <translation>消息代理的密码需要用户名：amqp://user:password@machine。</translation>
    </message>
    <message>
        <location filename="../../core/remote/address.py"/>
        <source>The URL of a Redis takes the number of a database at its end, as in redis://machine/0.</source>
        <translation>Redis 的 URL 末尾为数据库编号，如 redis://machine/0。</translation>
    </message>
    <message>
        <location filename="../../core/remote/address.py"/>
        <source>The URL of the broker takes options of TLS only with amqps:// or rediss://.</source>
        <translation>只有 amqps:// 或 rediss:// 的 URL 才接受 TLS 选项。</translation>
    </message>
    <message>
        <location filename="../../core/remote/address.py"/>
        <source>The URL of the broker takes only {0} after its question mark.</source>
        <translation>消息代理的 URL 在问号之后只接受 {0}。</translation>
    </message>
    <message>
        <location filename="../../core/remote/address.py"/>
        <source>The URL of the broker takes ssl_cert_reqs as required or none.</source>
        <translation>消息代理的 URL 中 ssl_cert_reqs 只能为 required 或 none。</translation>
    </message>
    <message>
        <location filename="../../core/remote/address.py"/>
        <source>The URL of the broker takes ssl_check_hostname as true or false.</source>
        <translation>消息代理的 URL 中 ssl_check_hostname 只能为 true 或 false。</translation>
    </message>
    <message>
        <location filename="../../core/remote/address.py"/>
        <source>The URL of the broker takes name=value after its question mark.</source>
        <translation>消息代理的 URL 在问号之后接受 name=value。</translation>
    </message>
    <message>
        <location filename="../../core/remote/extra.py"/>
        <source>What reaches other machines is not installed: {0} brings it.</source>
        <translation>未安装用于连接其他电脑的组件：可用 {0} 安装。</translation>
    </message>
    <message>
        <location filename="../../core/remote/fleet.py"/>
        <source>It has another version of Image Queue, and is given nothing.</source>
        <translation>它的 Image Queue 版本不同，不会分配任务。</translation>
    </message>
    <message>
        <location filename="../../core/remote/flights.py"/>
        <source>The machines that the broker gave it to ended, again and again.</source>
        <translation>消息代理分配的电脑一再退出。</translation>
    </message>
    <message>
        <location filename="../../core/remote/flights.py"/>
        <source>{0} was shut down.</source>
        <translation>{0} 已关闭。</translation>
    </message>
    <message>
        <location filename="../../core/remote/flights.py"/>
        <source>{0} was not heard of for {1} seconds.</source>
        <translation>{0} 已有 {1} 秒没有响应。</translation>
    </message>
    <message>
        <location filename="../../core/remote/flights.py"/>
        <source>The broker did not come back in time.</source>
        <translation>消息代理未及时恢复。</translation>
    </message>
    <message>
        <location filename="../../core/remote/flights.py"/>
        <source>{0} does not know of it any more.</source>
        <translation>{0} 已不再知道它。</translation>
    </message>
    <message>
        <location filename="../../core/remote/flights.py"/>
        <source>No machine began it, however often it was sent.</source>
        <translation>虽多次发送，仍没有电脑开始处理。</translation>
    </message>
    <message>
        <location filename="../../core/remote/keys.py"/>
        <source>This system has no keyring that can be used: the password is known until Image Queue is closed. After that it is asked for anew, or given by IMAGEQUEUE_BROKER.</source>
        <translation>此系统没有可用的密钥环：密码在 Image Queue 关闭前有效。之后需重新输入，或由 IMAGEQUEUE_BROKER 提供。</translation>
    </message>
    <message>
        <location filename="../../core/remote/mended.py"/>
        <source>The connection to Redis was closed.</source>
        <translation>与 Redis 的连接已关闭。</translation>
    </message>
    <message>
        <location filename="../../core/remote/node.py"/>
        <source>{0} does not answer there.</source>
        <translation>{0} 在那里没有应答。</translation>
    </message>
    <message>
        <location filename="../../core/remote/orders.py"/>
        <source>The machine has another version of Image Queue.</source>
        <translation>该电脑的 Image Queue 版本不同。</translation>
    </message>
    <message>
        <location filename="../../core/remote/orders.py"/>
        <source>The recipe names a file that is in no shared folder.</source>
        <translation>配方中的文件不在任何共享文件夹内。</translation>
    </message>
    <message>
        <location filename="../../core/remote/orders.py"/>
        <source>The file has become too large to travel.</source>
        <translation>文件已变得过大，无法传送。</translation>
    </message>
    <message>
        <location filename="../../core/remote/orders.py"/>
        <source>The original is not where its output is to go.</source>
        <translation>原文件不在其输出的位置。</translation>
    </message>
    <message>
        <location filename="../../core/remote/shared_folder.py"/>
        <source>shared takes a list of folders.</source>
        <translation>shared 接受文件夹列表。</translation>
    </message>
    <message>
        <location filename="../../core/remote/shared_folder.py"/>
        <source>shared takes folders with a name and a path, which are texts.</source>
        <translation>shared 接受带名称和路径的文件夹，二者均为文本。</translation>
    </message>
    <message>
        <location filename="../../core/remote/shared_folder.py"/>
        <source>The name of a shared folder takes up to 40 letters a to z, digits, - and _.</source>
        <translation>共享文件夹的名称最多 40 个字符，可用字母 a 到 z、数字、- 和 _。</translation>
    </message>
    <message>
        <location filename="../../core/remote/shared_folder.py"/>
        <source>The shared folder {0} takes the absolute path of a folder.</source>
        <translation>共享文件夹 {0} 需要绝对路径。</translation>
    </message>
    <message>
        <location filename="../../core/remote/shared_folder.py"/>
        <source>The shared folder {0} takes a folder, not a whole disk.</source>
        <translation>共享文件夹 {0} 需要文件夹，而不是整个磁盘。</translation>
    </message>
    <message>
        <location filename="../../core/remote/shared_folder.py"/>
        <source>shared takes folders with a name and a path: {0}.</source>
        <translation>shared 接受带名称和路径的文件夹：{0}。</translation>
    </message>
    <message>
        <location filename="../../core/remote/shared_folder.py"/>
        <source>Two shared folders have the name {0}.</source>
        <translation>有两个共享文件夹名为 {0}。</translation>
    </message>
    <message>
        <location filename="../../core/remote/shared_folder.py"/>
        <source>The shared folders {0} and {1} are one inside the other.</source>
        <translation>共享文件夹 {0} 和 {1} 互相包含。</translation>
    </message>
    <message>
        <location filename="../../core/remote/shares.py"/>
        <source>It has no shared folder {0}: start it with --share {1}=FOLDER.</source>
        <translation>它没有共享文件夹 {0}：启动时请加 --share {1}=FOLDER。</translation>
    </message>
    <message>
        <location filename="../../core/remote/shares.py"/>
        <source>What it was to look for in {0} is no file that shows a shared folder.</source>
        <translation>它要在 {0} 中查找的不是标识共享文件夹的文件。</translation>
    </message>
    <message>
        <location filename="../../core/remote/shares.py"/>
        <source>{0} is another folder there than {1} is here.</source>
        <translation>那里的 {0} 与此处的 {1} 不是同一文件夹。</translation>
    </message>
    <message>
        <location filename="../../core/remote/shares.py"/>
        <source>{0} cannot be written there.</source>
        <translation>那里无法写入 {0}。</translation>
    </message>
    <message>
        <location filename="../../core/remote/shares.py"/>
        <source>There is no shared folder {0} on this machine.</source>
        <translation>此电脑上没有共享文件夹 {0}。</translation>
    </message>
    <message>
        <location filename="../../core/remote/shares.py"/>
        <source>{0} is no path below a folder.</source>
        <translation>{0} 不是文件夹下的路径。</translation>
    </message>
    <message>
        <location filename="../../core/remote/shares.py"/>
        <source>{0} is another folder there than {1} is here: a file that was put here is not in it.</source>
        <translation>那里的 {0} 与此处的 {1} 不是同一文件夹：放在此处的文件不在其中。</translation>
    </message>
    <message>
        <location filename="../../core/remote/shares.py"/>
        <source>{0} cannot be read there: {1}.</source>
        <translation>那里无法读取 {0}：{1}。</translation>
    </message>
    <message>
        <location filename="../../core/remote/shares.py"/>
        <source>A shared folder takes a name without =, not {0}.</source>
        <translation>共享文件夹的名称不能含 =，而不是 {0}。</translation>
    </message>
    <message>
        <location filename="../../core/remote/shares.py"/>
        <source>The shared folder {0} takes an absolute path, not {1}.</source>
        <translation>共享文件夹 {0} 需要绝对路径，而不是 {1}。</translation>
    </message>
    <message>
        <location filename="../../core/remote/shares.py"/>
        <source>{0} leads out of the shared folder {1}.</source>
        <translation>{0} 指向共享文件夹 {1} 之外。</translation>
    </message>
    <message>
        <location filename="../../core/remote/shares.py"/>
        <source>The shared folder {0} ({1}) cannot be written: {2}.</source>
        <translation>无法写入共享文件夹 {0} ({1})：{2}。</translation>
    </message>
    <message>
        <location filename="../../core/remote/trouble.py"/>
        <source>{0} cannot be used as a broker just now ({1}).</source>
        <translation>{0} 目前无法用作消息代理 ({1})。</translation>
    </message>
    <message>
        <location filename="../../core/remote/trouble.py"/>
        <source>The connection to {0} was lost.</source>
        <translation>与 {0} 的连接已断开。</translation>
    </message>
    <message>
        <location filename="../../core/remote/trouble.py"/>
        <source>{0} cannot show that it is {1}: {2}. A certificate of your own is named by ?ssl_ca_certs=FILE at the end of the URL.</source>
        <translation>{0} 无法证明自己是 {1}：{2}。自己的证书用 URL 末尾的 ?ssl_ca_certs=FILE 指定。</translation>
    </message>
    <message>
        <location filename="../../core/remote/trouble.py"/>
        <source>{0} does not speak TLS on port {1}: use {2}://, or the port for TLS.</source>
        <translation>{0} 在端口 {1} 上不使用 TLS：请使用 {2}://，或 TLS 的端口。</translation>
    </message>
    <message>
        <location filename="../../core/remote/trouble.py"/>
        <source>A file that the URL of the broker names cannot be read.</source>
        <translation>消息代理的 URL 中指定的文件无法读取。</translation>
    </message>
    <message>
        <location filename="../../core/remote/trouble.py"/>
        <source>{0} wants a password.</source>
        <translation>{0} 需要密码。</translation>
    </message>
    <message>
        <location filename="../../core/remote/trouble.py"/>
        <source>{0} does not accept this user and password.</source>
        <translation>{0} 不接受此用户名和密码。</translation>
    </message>
    <message>
        <location filename="../../core/remote/trouble.py"/>
        <source>{0} does not allow this user what the queue needs.</source>
        <translation>{0} 不允许此用户执行队列所需的操作。</translation>
    </message>
    <message>
        <location filename="../../core/remote/trouble.py"/>
        <source>{0} has no virtual host {1}, or this user may not use it.</source>
        <translation>{0} 没有虚拟主机 {1}，或此用户无权使用。</translation>
    </message>
    <message>
        <location filename="../../core/remote/trouble.py"/>
        <source>The Redis on {0} has no database {1}.</source>
        <translation>{0} 上的 Redis 没有数据库 {1}。</translation>
    </message>
    <message>
        <location filename="../../core/remote/trouble.py"/>
        <source>What answers on port {0} of {1} is no {2}.</source>
        <translation>在 {1} 的端口 {0} 上响应的不是 {2}。</translation>
    </message>
    <message>
        <location filename="../../core/remote/trouble.py"/>
        <source>No machine of the name {0} is known here.</source>
        <translation>此处找不到名为 {0} 的电脑。</translation>
    </message>
    <message>
        <location filename="../../core/remote/trouble.py"/>
        <source>Nothing answers on port {0} of {1}: the broker does not run there, or has another port.</source>
        <translation>{1} 的端口 {0} 无响应：消息代理未在那里运行，或使用其他端口。</translation>
    </message>
    <message>
        <location filename="../../core/remote/trouble.py"/>
        <source>{0} did not answer in time on port {1}.</source>
        <translation>{0} 未在端口 {1} 上及时响应。</translation>
    </message>
    <message>
        <location filename="../../core/remote/trouble.py"/>
        <source>The connection was cut by {0}: what answers on port {1} may be no {2}.</source>
        <translation>连接被 {0} 断开：在端口 {1} 上响应的可能不是 {2}。</translation>
    </message>
    <message>
        <location filename="../../core/remote/trouble.py"/>
        <source>{0} cannot be reached: {1}.</source>
        <translation>无法连接 {0}：{1}。</translation>
    </message>
    <message>
        <location filename="../../core/remote/trouble.py"/>
        <source>{0} does not let this user in: RabbitMQ takes guest from its own machine only. Make a user there, and name it in the URL.</source>
        <translation>{0} 不允许此用户登录：RabbitMQ 只接受本机的 guest。请在那里创建用户，并写入 URL。</translation>
    </message>
    <message>
        <location filename="../../core/remote/trying.py"/>
        <source>The broker answers. What is sent to it is not encrypted; with {0}s:// it would be.</source>
        <translation>消息代理有响应。发送的内容未加密；使用 {0}s:// 则会加密。</translation>
    </message>
    <message>
        <location filename="../../core/remote/trying.py"/>
        <source>The broker answers.</source>
        <translation>消息代理有响应。</translation>
    </message>
    <message>
        <location filename="../../core/retry.py"/>
        <source>This file crashes the decoder: {0} worker processes died of it.</source>
        <translation>此文件会使解码器崩溃：已有 {0} 个工作进程因此结束。</translation>
    </message>
    <message>
        <location filename="../../core/retry.py"/>
        <source>A retry's base, cap, patience and jitter are numbers from 0 up.</source>
        <translation>重试的 base、cap、patience 和 jitter 应为不小于 0 的数。</translation>
    </message>
    <message>
        <location filename="../../core/settings.py"/>
        <source>The settings were damaged; they were moved to {0}, and the defaults are used.</source>
        <translation>设置已损坏；已移到 {0}，现使用默认值。</translation>
    </message>
    <message>
        <location filename="../../core/settings.py"/>
        <source>The settings are damaged and could not be set aside ({0}); the defaults are used.</source>
        <translation>设置已损坏且无法移开 ({0})；现使用默认值。</translation>
    </message>
    <message>
        <location filename="../../core/settings.py"/>
        <source>broker takes the URL of a broker.</source>
        <translation>broker 需要消息代理的 URL。</translation>
    </message>
    <message>
        <location filename="../../core/settings.py"/>
        <source>The settings keep no password of a broker: the keyring does, or IMAGEQUEUE_BROKER.</source>
        <translation>设置不保存消息代理的密码：由密钥环保存，或由 IMAGEQUEUE_BROKER 提供。</translation>
    </message>
    <message>
        <location filename="../../core/settings.py"/>
        <source>{0} takes true or false.</source>
        <translation>{0} 应为 true 或 false。</translation>
    </message>
    <message>
        <location filename="../../core/settings.py"/>
        <source>{0} takes a whole number from {1} to {2}.</source>
        <translation>{0} 应为 {1} 到 {2} 的整数。</translation>
    </message>
    <message>
        <location filename="../../core/settings.py"/>
        <source>{0} takes a number from {1} to {2}.</source>
        <translation>{0} 应为 {1} 到 {2} 的数。</translation>
    </message>
    <message>
        <location filename="../../core/settings.py"/>
        <source>The data folder {0} is a file, not a folder.</source>
        <translation>数据文件夹 {0} 是文件，不是文件夹。</translation>
    </message>
    <message>
        <location filename="../../core/settings.py"/>
        <source>The data folder {0} cannot be made: {1}. Choose another one with --data-dir or {2}.</source>
        <translation>无法创建数据文件夹 {0}：{1}。请用 --data-dir 或 {2} 选择其他文件夹。</translation>
    </message>
    <message>
        <location filename="../../core/settings.py"/>
        <source>memory_limit_mb takes 64 megabytes or more, or 0 for no limit.</source>
        <translation>memory_limit_mb 应至少为 64 MB，0 表示无限制。</translation>
    </message>
    <message>
        <location filename="../../core/settings.py"/>
        <source>recipe takes the name of a recipe.</source>
        <translation>recipe 应为配方的名称。</translation>
    </message>
    <message>
        <location filename="../../core/settings.py"/>
        <source>output_folder takes the absolute path of a folder.</source>
        <translation>output_folder 应为文件夹的绝对路径。</translation>
    </message>
    <message>
        <location filename="../../core/settings.py"/>
        <source>existing takes one of {0}.</source>
        <translation>existing 应为 {0} 之一。</translation>
    </message>
    <message>
        <location filename="../../core/settings.py"/>
        <source>language takes one of {0}.</source>
        <translation>language 应为 {0} 之一。</translation>
    </message>
    <message>
        <location filename="../../core/settings.py"/>
        <source>when_done takes one of {0}.</source>
        <translation>when_done 应为 {0} 之一。</translation>
    </message>
    <message>
        <location filename="../../core/settings.py"/>
        <source>The settings could not be read ({0}); the defaults are used.</source>
        <translation>设置无法读取 ({0})；现使用默认值。</translation>
    </message>
    <message>
        <location filename="../../core/settings.py"/>
        <source>{0} The default is used.</source>
        <translation>{0} 现使用默认值。</translation>
    </message>
    <message>
        <location filename="../../core/slot.py"/>
        <source>The worker process gave no proper answer for this file, and was ended.</source>
        <translation>工作进程对此文件没有正确响应，已被终止。</translation>
    </message>
    <message>
        <location filename="../../core/slot.py"/>
        <source>No worker process could be started.</source>
        <translation>无法启动工作进程。</translation>
    </message>
    <message>
        <location filename="../../core/slot.py"/>
        <source>It stopped, and nobody had asked it to.</source>
        <translation>它自行停止了，没有人要求。</translation>
    </message>
    <message>
        <location filename="../../core/slot.py"/>
        <source>It took longer than its time limit ({0} s).</source>
        <translation>超过了时间限制（{0} 秒）。</translation>
    </message>
    <message>
        <location filename="../../core/slot.py"/>
        <source>The worker process died ({0}) while it worked on this file.</source>
        <translation>工作进程在处理此文件时结束 ({0})。</translation>
    </message>
    <message>
        <location filename="../../core/slot.py"/>
        <source>The machine may be short of memory.</source>
        <translation>电脑的内存可能不足。</translation>
    </message>
    <message>
        <location filename="../../core/slot.py"/>
        <source>No worker process could be started: {0}.</source>
        <translation>无法启动工作进程：{0}。</translation>
    </message>
    <message>
        <location filename="../../core/slot.py"/>
        <source>It was not needed any more.</source>
        <translation>已不再需要它。</translation>
    </message>
    <message>
        <location filename="../../core/slot.py"/>
        <source>A worker process died while it started ({0}).</source>
        <translation>一个工作进程在启动时结束 ({0})。</translation>
    </message>
    <message>
        <location filename="../../core/slot.py"/>
        <source>A worker process died while it was idle ({0}).</source>
        <translation>一个工作进程在空闲时结束 ({0})。</translation>
    </message>
    <message>
        <location filename="../../core/store.py"/>
        <source>Attempt {0} of job {1} does not run; it cannot be {2}.</source>
        <translation>任务 {1} 的第 {0} 次尝试没有在运行；它不能 {2}。</translation>
    </message>
    <message>
        <location filename="../../core/store_file.py"/>
        <source>The queue in {0} cannot be used: {1}.</source>
        <translation>{0} 中的队列无法使用：{1}。</translation>
    </message>
    <message>
        <location filename="../../core/store_file.py"/>
        <source>The disk with the queue ({0}) is full.</source>
        <translation>队列所在的磁盘 ({0}) 已满。</translation>
    </message>
    <message>
        <location filename="../../core/store_file.py"/>
        <source>The queue in {0} is locked by another program.</source>
        <translation>{0} 中的队列被其他程序锁定。</translation>
    </message>
    <message>
        <location filename="../../core/store_file.py"/>
        <source>The queue in {0} cannot be opened for writing: check the folder.</source>
        <translation>{0} 中的队列无法打开写入：请检查文件夹。</translation>
    </message>
    <message>
        <location filename="../../core/store_file.py"/>
        <source>The queue in {0} is damaged. Start Image Queue again: it will keep what can be read.</source>
        <translation>{0} 中的队列已损坏。请重新启动 Image Queue：它会保留可读取的内容。</translation>
    </message>
    <message>
        <location filename="../../core/store_file.py"/>
        <source>The queue was written by a newer version of Image Queue. Please update.</source>
        <translation>队列由更新版本的 Image Queue 写入。请更新。</translation>
    </message>
    <message>
        <location filename="../../core/transfer/mapping.py"/>
        <source>{0} is no absolute path on the machine that the file comes from.</source>
        <translation>{0} 不是文件来源电脑上的绝对路径。</translation>
    </message>
    <message>
        <location filename="../../core/transfer/queue_file.py"/>
        <source>{0} is damaged: line {1} {2}.</source>
        <translation>{0} 已损坏：第 {1} 行 {2}。</translation>
    </message>
    <message>
        <location filename="../../core/transfer/queue_file.py"/>
        <source>{0} is no name of a file.</source>
        <translation>{0} 不是文件名。</translation>
    </message>
    <message>
        <location filename="../../core/transfer/queue_file.py"/>
        <source>{0} holds no jobs of Image Queue.</source>
        <translation>{0} 中没有 Image Queue 的任务。</translation>
    </message>
    <message>
        <location filename="../../core/transfer/queue_file.py"/>
        <source>{0} {1}: this one reads version {2}.</source>
        <translation>{0} {1}：此版本读取版本 {2}。</translation>
    </message>
    <message>
        <location filename="../../core/transfer/queue_file.py"/>
        <source>{0} is larger than a file of jobs can be.</source>
        <translation>{0} 超过了任务文件的大小上限。</translation>
    </message>
    <message>
        <location filename="../../core/transfer/queue_file.py"/>
        <source>{0} was cut off after {1} jobs.</source>
        <translation>{0} 在 {1} 个任务之后被截断。</translation>
    </message>
    <message>
        <location filename="../../core/transfer/queue_file.py"/>
        <source>{0} has more than {1} jobs.</source>
        <translation>{0} 超过 {1} 个任务。</translation>
    </message>
    <message>
        <location filename="../../core/transfer/queue_file.py"/>
        <source>{0} has more than {1} recipes.</source>
        <translation>{0} 超过 {1} 个配方。</translation>
    </message>
    <message>
        <location filename="../../core/transfer/queue_file.py"/>
        <source>{0} is no file of jobs.</source>
        <translation>{0} 不是任务文件。</translation>
    </message>
    <message>
        <location filename="../../core/transfer/queue_file.py"/>
        <source>{0} is a folder, and no file of jobs.</source>
        <translation>{0} 是文件夹，不是任务文件。</translation>
    </message>
    <message>
        <location filename="../../core/transfer/sending.py"/>
        <source>A file takes at most {0} jobs, and {1} wait.</source>
        <translation>一个文件最多 {0} 个任务，而等待的有 {1} 个。</translation>
    </message>
    <message>
        <location filename="../../core/transfer/taking.py"/>
        <source>{0}{1} is a path of another system: say which folder here it is, by --map OLD=NEW. Nothing was imported.</source>
        <translation>{0}{1} 是其他系统的路径：请用 --map OLD=NEW 指明对应的文件夹。未导入任何内容。</translation>
    </message>
    <message>
        <location filename="../../core/transfer/taking.py"/>
        <source>Nothing in the file is in {0}. Nothing was imported.</source>
        <translation>文件中没有内容位于 {0}。未导入任何内容。</translation>
    </message>
    <message>
        <location filename="../../core/transfer/taking.py"/>
        <source>{0}{1} {2} not here; nothing was imported. --map OLD=NEW says where folders are here; --missing leave-out imports the others, --missing take all.</source>
        <translation>{0}{1} {2} 不在此处；未导入任何内容。--map OLD=NEW 指明文件夹的位置；--missing leave-out 导入其余的，--missing take 导入全部。</translation>
    </message>
    <message>
        <location filename="../../core/unmaking.py"/>
        <source>Its files are in the trash now.</source>
        <translation>其文件现已在回收站中。</translation>
    </message>
    <message>
        <location filename="../../core/unmaking.py"/>
        <source>Some of its files are in the trash now.</source>
        <translation>其部分文件现已在回收站中。</translation>
    </message>
    <message>
        <location filename="../../core/unmaking.py"/>
        <source>Its files are in the trash now, and the original is back in its place.</source>
        <translation>其文件现已在回收站中，原件已恢复原位。</translation>
    </message>
    <message>
        <location filename="../../core/whole_file.py"/>
        <source>{0} is there already, and is no {1}: it was left as it is. Choose another name.</source>
        <translation>{0} 已存在，且不是 {1}：未作更改。请选择其他名称。</translation>
    </message>
    <message>
        <location filename="../../core/worker.py"/>
        <source>Image Queue made a mistake ({0}).</source>
        <translation>Image Queue 出错了 ({0})。</translation>
    </message>
    <message>
        <location filename="../../core/worker_process.py"/>
        <source>It did not say that it is ready.</source>
        <translation>它没有报告就绪。</translation>
    </message>
    <message>
        <location filename="../../core/worker_process.py"/>
        <source>It was gone before it got the task.</source>
        <translation>它在接到任务之前就消失了。</translation>
    </message>
    <message>
        <location filename="../../resources/setup/translations.py"/>
        <source>{0} is damaged, or of a kind that cannot be read: {1}</source>
        <translation>{0} 已损坏，或属于无法读取的类型：{1}</translation>
    </message>
    <message>
        <location filename="../../resources/setup/translations.py"/>
        <source>{0} has {1} × {2} pixels, {3} megapixels; the limit is {4}.</source>
        <translation>{0} 有 {1} × {2} 像素，{3} 百万像素；上限为 {4}。</translation>
    </message>
    <message>
        <location filename="../../resources/setup/translations.py"/>
        <source>{0} is there already</source>
        <translation>{0} 已存在</translation>
    </message>
    <message>
        <location filename="../../resources/setup/translations.py"/>
        <source>{0} and {1} more are there already</source>
        <translation>{0} 以及另外 {1} 个已存在</translation>
    </message>
    <message>
        <location filename="../../resources/setup/translations.py"/>
        <source>{0} and {1} more are there already.</source>
        <translation>{0} 以及另外 {1} 个已存在。</translation>
    </message>
    <message>
        <location filename="../../resources/setup/translations.py"/>
        <source> and {0} more</source>
        <translation> 以及另外 {0} 个</translation>
    </message>
    <message>
        <location filename="../../resources/setup/translations.py"/>
        <source>was</source>
        <translation>已</translation>
    </message>
    <message>
        <location filename="../../resources/setup/translations.py"/>
        <source>were</source>
        <translation>已</translation>
    </message>
    <message>
        <location filename="../../resources/setup/translations.py"/>
        <source>is</source>
        <translation>目前</translation>
    </message>
    <message>
        <location filename="../../resources/setup/translations.py"/>
        <source>are</source>
        <translation>目前</translation>
    </message>
    <message>
        <location filename="../../resources/setup/translations.py"/>
        <source>read</source>
        <translation>读取</translation>
    </message>
    <message>
        <location filename="../../resources/setup/translations.py"/>
        <source>written</source>
        <translation>写入</translation>
    </message>
    <message>
        <location filename="../../resources/setup/translations.py"/>
        <source>frames</source>
        <translation>帧</translation>
    </message>
    <message>
        <location filename="../../resources/setup/translations.py"/>
        <source>scans</source>
        <translation>次扫描</translation>
    </message>
    <message>
        <location filename="../../resources/setup/translations.py"/>
        <source>language</source>
        <translation>简体中文</translation>
    </message>
</context>
<context>
    <name>recipe-names</name>
    <message>
        <location filename="../../resources/recipes/1-thumbnail-and-resize.toml"/>
        <source>Thumbnail and resize</source>
        <translation>缩略图和缩放</translation>
    </message>
    <message>
        <location filename="../../resources/recipes/1-thumbnail-and-resize.toml"/>
        <source>A thumbnail of 256 pixels and a copy of 1920 pixels, in the format of the source</source>
        <translation>256 像素的缩略图和 1920 像素的副本，格式与源相同</translation>
    </message>
    <message>
        <location filename="../../resources/recipes/2-web.toml"/>
        <source>Web</source>
        <translation>网页</translation>
    </message>
    <message>
        <location filename="../../resources/recipes/2-web.toml"/>
        <source>A WebP of 2048 pixels for a page, without the place where it was taken</source>
        <translation>用于网页的 2048 像素 WebP，不含拍摄位置</translation>
    </message>
    <message>
        <location filename="../../resources/recipes/3-thumbnail.toml"/>
        <source>Thumbnail</source>
        <translation>缩略图</translation>
    </message>
    <message>
        <location filename="../../resources/recipes/3-thumbnail.toml"/>
        <source>A thumbnail of 256 pixels, without metadata</source>
        <translation>256 像素的缩略图，不含元数据</translation>
    </message>
    <message>
        <location filename="../../resources/recipes/4-web-set.toml"/>
        <source>Web set</source>
        <translation>网页套图</translation>
    </message>
    <message>
        <location filename="../../resources/recipes/4-web-set.toml"/>
        <source>WebP in 2048, 1024, 512 and 256 pixels from one decode, without the place where it was taken</source>
        <translation>一次解码生成 2048、1024、512 和 256 像素的 WebP，不含拍摄位置</translation>
    </message>
    <message>
        <location filename="../../resources/recipes/5-email.toml"/>
        <source>Email</source>
        <translation>电子邮件</translation>
    </message>
    <message>
        <location filename="../../resources/recipes/5-email.toml"/>
        <source>A JPEG of up to 2560 pixels and under 1 MB, without the place where it was taken</source>
        <translation>不超过 2560 像素、小于 1 MB 的 JPEG，不含拍摄位置</translation>
    </message>
    <message>
        <location filename="../../resources/recipes/6-archive.toml"/>
        <source>Archive</source>
        <translation>存档</translation>
    </message>
    <message>
        <location filename="../../resources/recipes/6-archive.toml"/>
        <source>A PNG in full size with every pixel and colour as it was; refuses what PNG cannot hold exactly</source>
        <translation>原尺寸 PNG，每个像素和颜色保持不变；拒绝 PNG 无法精确保存的内容</translation>
    </message>
    <message>
        <location filename="../../resources/recipes/7-strip-location.toml"/>
        <source>Strip location</source>
        <translation>去除位置</translation>
    </message>
    <message>
        <location filename="../../resources/recipes/7-strip-location.toml"/>
        <source>A copy in full size without the place where it was taken; all other metadata stay</source>
        <translation>原尺寸的副本，不含拍摄位置；保留其他所有元数据</translation>
    </message>
    <message>
        <location filename="../../resources/recipes/8-convert-heic-to-jpeg.toml"/>
        <source>Convert HEIC to JPEG</source>
        <translation>HEIC 转换为 JPEG</translation>
    </message>
    <message>
        <location filename="../../resources/recipes/8-convert-heic-to-jpeg.toml"/>
        <source>A JPEG in full size, of a HEIC photo or of any other image; transparency is laid on white</source>
        <translation>由 HEIC 照片或其他图片生成的原尺寸 JPEG；透明部分铺上白色</translation>
    </message>
    <message>
        <location filename="../../resources/recipes/9-one-pdf.toml"/>
        <source>One PDF</source>
        <translation>合并为 PDF</translation>
    </message>
    <message>
        <location filename="../../resources/recipes/9-one-pdf.toml"/>
        <source>All images that are added together as the pages of one PDF</source>
        <translation>将一起添加的所有图片作为一个 PDF 的各页</translation>
    </message>
</context>
</TS>
